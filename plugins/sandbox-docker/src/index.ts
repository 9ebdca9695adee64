import { definePlugin, LanguageRuntime, SandboxDriver } from '@soulbox/plugin-sdk';
import { DockerDriver } from './driver.ts';
import { addImageOperations } from './images/operations.ts';
import { SettingsSchema } from './settings.ts';

export default definePlugin({
  id: 'sandbox-docker',
  config: SettingsSchema,
  requires: { languages: LanguageRuntime },
  provides: [SandboxDriver],
  setup(context, { languages }) {
    const driver = new DockerDriver({ deploymentId: context.deploymentId, settings: context.config });
    context.provide(SandboxDriver, driver, 'docker');
    addImageOperations(context, languages, driver.imageMakers);
    context.health(() => driver.health());
    return () => driver.dispose();
  },
});
