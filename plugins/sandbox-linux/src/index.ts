import { join } from 'node:path';
import { definePlugin, SandboxDriver } from '@soulbox/plugin-sdk';
import { LinuxDriver } from './driver.ts';
import { SettingsSchema } from './settings.ts';

export default definePlugin({
  id: 'sandbox-linux',
  config: SettingsSchema,
  provides: [SandboxDriver],
  async setup(context) {
    const stateDir = join(await context.dataDir(), 'live');
    const driver = new LinuxDriver({ deploymentId: context.deploymentId, settings: context.config, stateDir });
    context.provide(SandboxDriver, driver, 'linux');
    context.health(() => driver.health());
    return () => driver.dispose();
  },
});
