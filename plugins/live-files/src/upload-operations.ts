import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { defineOperation, fromWireText, z, type LiveSandboxes, type PluginContext } from '@soulbox/plugin-sdk';
import { archiveFormats, unpacked } from './archive.ts';
import type { Config } from './config.ts';
import {
  EncodingSchema,
  EntrySchema,
  ModeParam,
  owner,
  PathParam,
  present,
  SandboxParam,
  sandboxErrors,
  shown,
  writeErrors,
} from './shapes.ts';
import type { Uploads } from './uploads.ts';

const one = { sandbox: SandboxParam, upload: z.string().min(1).max(64) };

const openUpload = defineOperation({
  name: 'files.openUpload',
  summary:
    'Begins to write a file of any size, whole or not at all, when it is committed; or to unpack an archive into a folder.',
  params: z.strictObject({
    sandbox: SandboxParam,
    path: PathParam,
    mode: ModeParam.optional(),
    exclusive: z.boolean().optional(),
    /** What is sent is an archive, and `path` the folder, which must be there. It is unpacked as it comes, a `zip` at its end. */
    unpack: z.enum(archiveFormats).optional(),
    /** Whether what is unpacked replaces files that are there. */
    replace: z.boolean().optional(),
  }),
  result: z.object({ upload: z.string() }),
  permission: 'files:write',
  owner,
  effect: 'create',
  errors: [...sandboxErrors, 'overloaded'],
});

const uploadPart = defineOperation({
  name: 'files.uploadPart',
  summary: 'Adds the next part to an upload; answers when there is room for another.',
  params: z.strictObject({
    ...one,
    /** How many bytes came before it. */
    offset: z.int().min(0),
    content: z.string().min(1),
    encoding: EncodingSchema.optional(),
  }),
  result: z.object({ offset: z.number() }),
  permission: 'files:write',
  owner,
  effect: 'create',
  errors: [...writeErrors, 'conflict'],
});

const commitUpload = defineOperation({
  name: 'files.commitUpload',
  summary: 'Ends an upload: the file is there now.',
  params: z.strictObject(one),
  result: EntrySchema,
  permission: 'files:write',
  owner,
  effect: 'write',
  errors: writeErrors,
});

const abortUpload = defineOperation({
  name: 'files.abortUpload',
  summary: 'Gives an upload up; nothing of it is left.',
  params: z.strictObject(one),
  result: z.object({}),
  permission: 'files:write',
  owner,
  effect: 'write',
  errors: ['not_found'],
});

/** `folder`: where zips are kept while they come. */
export function addUploads(
  context: PluginContext<Config>,
  sandboxes: LiveSandboxes,
  uploads: Uploads,
  folder: string,
): void {
  context.operation(openUpload, async ({ sandbox, path, mode, exclusive, unpack, replace }, { principal }) => {
    const { tenant } = principal;
    // Held open from the first part to the last: a sandbox that a file is written to is not idle.
    const open = await sandboxes.open(sandbox, { tenant });
    try {
      const upload = uploads.open(tenant, sandbox, async (content, signal) => {
        try {
          if (unpack) {
            const { unpackedBytes: mostBytes, unpackedEntries: mostEntries } = context.config;
            const limits = { ...present({ replace }), mostBytes, mostEntries, signal };
            const kept = { file: join(folder, randomUUID()), mostBytes };
            await open.agent.unpack(path, unpacked(content, unpack, kept), limits);
            return await open.agent.stat(path);
          }
          const options = { ...present({ mode, exclusive }), parents: true, atomic: true, signal };
          return await open.agent.write(path, content, options);
        } finally {
          open.release();
        }
      });
      return { upload };
    } catch (thrown) {
      open.release();
      throw thrown;
    }
  });
  context.operation(uploadPart, async ({ sandbox, upload, offset, content, encoding }, { principal }) => {
    const found = uploads.get(upload, principal.tenant, sandbox);
    return { offset: await found.add(offset, fromWireText(content, encoding, 'content')) };
  });
  context.operation(commitUpload, async ({ sandbox, upload }, { principal }) =>
    shown(await uploads.get(upload, principal.tenant, sandbox).commit()),
  );
  context.operation(abortUpload, async ({ sandbox, upload }, { principal }) => {
    uploads.get(upload, principal.tenant, sandbox).abort();
    return {};
  });
}
