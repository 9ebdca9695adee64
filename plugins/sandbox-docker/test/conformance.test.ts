import { SandboxDriver } from '@soulbox/plugin-sdk';
import { sandboxDriverSuite } from '@soulbox/plugin-sdk/conformance';
import { packagedService } from '@soulbox/plugin-sdk/testing';
import { DockerDriver, SettingsSchema } from '../src/driver.ts';

const image = process.env['IMG'];
for (const boxes of ['inner', 'container'] as const)
  sandboxDriverSuite(`docker ${boxes}`, {
    shell: '/bin/sh',
    create: async () => {
      const settings = SettingsSchema.parse({ image, boxes });
      const driver = new DockerDriver({ deploymentId: `suite-${process.pid}`, settings });
      return { driver, dispose: () => driver.dispose() };
    },
  });
