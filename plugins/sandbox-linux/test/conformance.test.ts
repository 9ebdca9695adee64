import { SandboxDriver } from '@soulbox/plugin-sdk';
import { sandboxDriverSuite } from '@soulbox/plugin-sdk/conformance';
import { packagedService } from '@soulbox/plugin-sdk/testing';
import { LinuxDriver, SettingsSchema } from '../src/driver.ts';

sandboxDriverSuite('linux', {
  shell: '/bin/sh',
  create: async () => {
    const settings = SettingsSchema.parse({ uidBase: 1_500_000_000, uidBlocks: 64 });
    const driver = new LinuxDriver({ deploymentId: `suite-${process.pid}`, settings });
    return { driver, dispose: () => driver.dispose() };
  },
});

sandboxDriverSuite('linux in a process of its own', {
  shell: '/bin/sh',
  create: async () => {
    const { service, dispose } = await packagedService<SandboxDriver>({
      folder: new URL('../..', import.meta.url),
      isolation: 'process',
      token: SandboxDriver,
      name: 'linux',
      config: { uidBase: 1_500_200_000, uidBlocks: 64 },
    });
    return { driver: service, dispose };
  },
});
