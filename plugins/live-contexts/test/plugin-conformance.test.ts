import {
  bothWays,
  hookSuite,
  inNoSandbox,
  lifecycleSuite,
  operationSuite,
  packageSuite,
} from '@soulbox/plugin-sdk/conformance';
import plugin from '../src/index.ts';

const folder = new URL('../..', import.meta.url);
packageSuite({ folder });
bothWays(folder, (way) => {
  lifecycleSuite({
    plugin,
    isolated: way.isolated,
    badConfigs: {
      'no room for anything': { collectedBytes: 0 },
      'a spare that is a number': { spare: 1 },
    },
  });
  hookSuite({ start: () => way.start({}), plugin: way.id, taps: ['live.ended'] });
  operationSuite({
    start: () => way.start({}),
    plugin: way.id,
    operations: {
      'contexts.create': inNoSandbox({ language: 'shell' }),
      'contexts.run': inNoSandbox({ code: '1' }),
      'contexts.list': inNoSandbox({}),
      'contexts.get': inNoSandbox({ context: 'cx1' }),
      'contexts.interrupt': inNoSandbox({ context: 'cx1' }),
      'contexts.restart': inNoSandbox({ context: 'cx1' }),
      'contexts.delete': inNoSandbox({ context: 'cx1' }),
    },
  });
});
