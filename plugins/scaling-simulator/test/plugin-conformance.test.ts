import { bothWays, lifecycleSuite, operationSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../src/index.ts';

const folder = new URL('../..', import.meta.url);
packageSuite({ folder });
bothWays(folder, (way) => {
  lifecycleSuite({ plugin, isolated: way.isolated, badConfigs: {} });
  const trace = 'time,language\n1,lisp\n2,lisp\n';
  operationSuite({
    start: () => way.start({}),
    plugin: way.id,
    operations: {
      'simulations.run': {
        good: {
          'the usual policies': { trace },
          'all there is': {
            trace,
            policies: ['none', 'fixed:1'],
            costs: { box: { startMs: 1, bytes: 1 }, program: { startMs: 1, bytes: 1 }, languages: {} },
          },
        },
        bad: {
          'no policy': { trace, policies: [] },
          'no trace at all': { trace: '' },
          'costs below nothing': { trace, costs: { box: { startMs: -1, bytes: 1 } } },
        },
        failing: { invalid_params: { trace: 'nonsense' } },
      },
    },
  });
});
