import { after, before, describe } from 'node:test';
import { SandboxDriver } from '@soulbox/plugin-sdk';
import { bothWays, sandboxDriverSuite } from '@soulbox/plugin-sdk/conformance';
import { image, noEngine, TestEngine } from './support/engine.ts';

describe('with an engine', { skip: noEngine }, () => {
  let engine: TestEngine;
  before(async () => (engine = await TestEngine.start()));
  after(() => engine?.stop());

  bothWays(new URL('../..', import.meta.url), (way) => {
    sandboxDriverSuite('docker', {
      shell: '/bin/sh',
      create: () => way.start({ driver: SandboxDriver }, { settings: { host: engine.host, image } }),
    });
  });

  sandboxDriverSuite('docker, a container for each run', {
    shell: '/bin/sh',
    create: async () => {
      const driver = engine.driver({ boxes: 'container' });
      return { driver, dispose: () => driver.dispose() };
    },
  });
});
