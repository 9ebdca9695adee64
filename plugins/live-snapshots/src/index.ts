import { join } from 'node:path';
import { definePlugin, LiveSandboxes, SoulboxError, Store, type LiveRequest } from '@soulbox/plugin-sdk';
import { Archives } from './archives.ts';
import { addBuilds } from './build-operations.ts';
import { Builds } from './builds.ts';
import { ConfigSchema } from './config.ts';
import { addImports } from './import-operations.ts';
import { Imports } from './imports.ts';
import { Layers } from './layers.ts';
import { addOperations } from './operations.ts';
import { SnapshotRecords } from './records.ts';
import { Snapshots } from './snapshots.ts';

/** The snapshot that a client asked for, by id or as a template. @throws invalid_params for both */
function wanted({ snapshot, template }: LiveRequest): string | undefined {
  if (snapshot !== undefined && template !== undefined)
    throw new SoulboxError('invalid_params', 'either snapshot or template says what a sandbox begins with');
  return snapshot ?? template;
}

/** Keeps what sandboxes have in their home folders, and makes others of it. */
export default definePlugin({
  id: 'live-snapshots',
  config: ConfigSchema,
  requires: { sandboxes: LiveSandboxes, store: Store },
  // What is cut off is taken away at the start: another instance may still be writing it.
  reload: 'exclusive',
  async setup(context, { sandboxes, store }) {
    const records = await SnapshotRecords.open(store);
    const archives = new Archives(join(await context.dataDir(), 'archives'));
    await archives.open(await records.ids());
    const snapshots = new Snapshots(context.config, records, archives);
    const imports = new Imports(context.config, snapshots);
    await context.effect(() => () => imports.close(), 'imports');

    context.hooks.tap('live.planning', async (plan, { request, principal }) => {
      const name = wanted(request);
      if (name === undefined) return plan;
      const { env } = await records.find(name, principal.tenant);
      const handled = [...plan.handled, 'snapshot' as const, 'template' as const];
      return { ...plan, env: { ...env, ...plan.env }, handled };
    });
    context.hooks.tap('live.filling', async ({ sandbox, agent }) => {
      const name = wanted(sandbox.request);
      if (name !== undefined) await snapshots.fill(agent, snapshots.read(await records.find(name, sandbox.tenant)));
    });
    addOperations(context, sandboxes, snapshots);
    addImports(context, imports);
    const layers = await Layers.open(store, join(await context.dataDir(), 'layers'), context.config.layerBytes);
    addBuilds(context, new Builds(context.config, sandboxes, snapshots, layers));
  },
});
