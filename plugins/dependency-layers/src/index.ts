import { join } from 'node:path';
import { definePlugin, DependencyLayers, SandboxDriver } from '@soulbox/plugin-sdk';
import { ConfigSchema } from './config.ts';
import { Layers } from './layers.ts';

/** Builds what programs depend on. */
export default definePlugin({
  id: 'dependency-layers',
  config: ConfigSchema,
  requires: { drivers: SandboxDriver },
  provides: [DependencyLayers],
  // Two instances would build in the same folder.
  reload: 'exclusive',
  async setup(context, { drivers }) {
    const onRefused = (target: string, why: string) =>
      context.log.warn(
        { target: target.slice(0, 200), why },
        'a build of dependencies wanted to reach what it may not',
      );
    const folder = join(await context.dataDir(), 'layers');
    const layers = new Layers({ config: context.config, folder, drivers, onRefused });
    await layers.open();
    await context.effect(() => () => layers.close(), 'builds');
    context.provide(DependencyLayers, layers);
  },
});
