import { definePlugin, SandboxDriver } from '@soulbox/plugin-sdk';
import { LinuxDriver } from './driver.ts';
import { SettingsSchema } from './settings.ts';

export default definePlugin({
  id: 'sandbox-linux',
  config: SettingsSchema,
  provides: [SandboxDriver],
  setup(context) {
    const driver = new LinuxDriver({ deploymentId: context.deploymentId, settings: context.config });
    context.provide(SandboxDriver, driver, 'linux');
    context.health(() => driver.health());
    return () => driver.dispose();
  },
});
