import { after, before, describe } from 'node:test';
import { SandboxDriver } from '@soulbox/plugin-sdk';
import { bothWays, operationSuite, sandboxDriverSuite } from '@soulbox/plugin-sdk/conformance';
import { image, noEngine, TestEngine } from './support/engine.ts';

describe('with an engine', { skip: noEngine }, () => {
  let engine: TestEngine;
  before(async () => (engine = await TestEngine.start()));
  after(() => engine?.stop());

  bothWays(new URL('../..', import.meta.url), (way) => {
    const start = (settings: Readonly<Record<string, unknown>> = {}) =>
      way.start({ driver: SandboxDriver }, { settings: { host: engine.host, image, ...settings } });

    sandboxDriverSuite('docker', { shell: '/bin/sh', create: () => start() });
    sandboxDriverSuite('docker, a container for each run', {
      shell: '/bin/sh',
      create: () => start({ boxes: 'container' }),
    });

    const misnamed = {
      'no list': { languages: 'python' },
      'a language without a name': { languages: [''] },
    };
    const failing = { language_unknown: { languages: ['klingon'] } };
    operationSuite({
      start,
      plugin: way.id,
      operations: {
        'images.list': { good: { nothing: {} } },
        'images.build': { bad: { ...misnamed, 'no truth': { anew: 'yes' } }, failing },
        'images.verify': { good: { 'those that there are': {} }, bad: misnamed, failing },
      },
    });
  });
});
