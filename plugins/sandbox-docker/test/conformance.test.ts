import { after, before, describe } from 'node:test';
import { SandboxDriver } from '@soulbox/plugin-sdk';
import { sandboxDriverSuite } from '@soulbox/plugin-sdk/conformance';
import { packagedService } from '@soulbox/plugin-sdk/testing';
import { image, noEngine, TestEngine } from './support/engine.ts';

describe('with an engine', { skip: noEngine }, () => {
  let engine: TestEngine;
  before(async () => (engine = await TestEngine.start()));
  after(() => engine?.stop());

  for (const boxes of ['inner', 'container'] as const)
    sandboxDriverSuite(`docker, boxes: ${boxes}`, {
      shell: '/bin/sh',
      create: async () => {
        const driver = engine.driver({ boxes });
        return { driver, dispose: () => driver.dispose() };
      },
    });

  sandboxDriverSuite('docker in a process of its own', {
    shell: '/bin/sh',
    create: async () => {
      const { service, dispose } = await packagedService<SandboxDriver>({
        folder: new URL('../..', import.meta.url),
        isolation: 'process',
        token: SandboxDriver,
        name: 'docker',
        config: { host: engine.host, image },
      });
      return { driver: service, dispose };
    },
  });
});
