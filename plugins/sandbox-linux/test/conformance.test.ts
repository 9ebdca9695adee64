import { sandboxDriverSuite } from '@soulbox/plugin-sdk/conformance';
import { LinuxDriver, SettingsSchema } from '../src/driver.ts';

sandboxDriverSuite('linux', {
  shell: '/bin/sh',
  create: async () => {
    const settings = SettingsSchema.parse({ uidBase: 1_500_000_000, uidBlocks: 64 });
    const driver = new LinuxDriver({ deploymentId: `suite-${process.pid}`, settings });
    return { driver, dispose: () => driver.dispose() };
  },
});
