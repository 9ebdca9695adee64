import { definePlugin, SandboxDriver } from '@soulbox/plugin-sdk';
import { DockerDriver } from './driver.ts';
import { SettingsSchema } from './settings.ts';

export default definePlugin({
  id: 'sandbox-docker',
  config: SettingsSchema,
  provides: [SandboxDriver],
  setup(context) {
    const driver = new DockerDriver({ deploymentId: context.deploymentId, settings: context.config });
    context.provide(SandboxDriver, driver, 'docker');
    context.health(() => driver.health());
    return () => driver.dispose();
  },
});
