import { bothWays, hookSuite, lifecycleSuite, operationSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../src/index.ts';

const folder = new URL('../..', import.meta.url);
packageSuite({ folder });
bothWays(folder, (way) => {
  lifecycleSuite({
    plugin,
    isolated: way.isolated,
    badConfigs: {
      'no tier at all': { tiers: [] },
      'a verdict that says nothing of the next run': { verdicts: ['timeout'] },
      'a rule without a condition': { pure: [{}] },
      'a tier that may take longer than all': { tierMs: 2_000 },
    },
  });
  hookSuite({
    start: () => way.start({}, { settings: { pure: [{ languages: ['script'] }] } }),
    plugin: way.id,
    taps: ['execution.before', 'execution.lookup', 'execution.settled'],
  });
  operationSuite({
    start: () => way.start({}),
    plugin: way.id,
    operations: {
      'cache.stats': { good: { nothing: {} }, bad: { 'a key that is unknown': { of: 'all' } } },
    },
  });
});
