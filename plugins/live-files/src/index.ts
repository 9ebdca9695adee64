import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { definePlugin, LiveSandboxes } from '@soulbox/plugin-sdk';
import { ConfigSchema } from './config.ts';
import { addContent } from './content.ts';
import { addTree } from './tree.ts';
import { addUploads } from './upload-operations.ts';
import { Uploads } from './uploads.ts';
import { addWatching } from './watching.ts';

/** Reads, writes, watches and searches the files of sandboxes that stay. */
export default definePlugin({
  id: 'live-files',
  config: ConfigSchema,
  requires: { sandboxes: LiveSandboxes },
  // What is left of zips is taken away at the start: another instance may still be writing one.
  reload: 'exclusive',
  async setup(context, { sandboxes }) {
    const folder = join(await context.dataDir(), 'zips');
    // What an earlier host was sent and could not finish.
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { mode: 0o700 });
    const uploads = new Uploads(context.config);
    addContent(context, sandboxes);
    addTree(context, sandboxes);
    addUploads(context, sandboxes, uploads, folder);
    addWatching(context, sandboxes);
    return () => uploads.close();
  },
});
