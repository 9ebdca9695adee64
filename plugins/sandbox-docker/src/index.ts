import { dirname, join } from 'node:path';
import { definePlugin, LanguageRuntime, SandboxDriver } from '@soulbox/plugin-sdk';
import { DockerDriver } from './driver.ts';
import { addImageOperations } from './images/operations.ts';
import { SettingsSchema } from './settings.ts';

export default definePlugin({
  id: 'sandbox-docker',
  config: SettingsSchema,
  requires: { languages: LanguageRuntime },
  provides: [SandboxDriver],
  async setup(context, { languages }) {
    const { deploymentId, config: settings } = context;
    // What plugins keep: the dependencies of programs.
    const dataDir = await context.dataDir();
    const folder = dirname(dataDir);
    const driver = new DockerDriver({ deploymentId, settings, folder, stateDir: join(dataDir, 'live') });
    context.provide(SandboxDriver, driver, 'docker');
    addImageOperations(context, languages, driver.imageMakers);
    context.health(() => driver.health());
    return () => driver.dispose();
  },
});
