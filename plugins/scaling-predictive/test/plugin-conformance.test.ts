import { ScalingPolicy } from '@soulbox/plugin-sdk';
import {
  bothWays,
  hookSuite,
  lifecycleSuite,
  operationSuite,
  packageSuite,
  scalingPolicySuite,
  scalingSuite,
} from '@soulbox/plugin-sdk/conformance';
import plugin from '../src/index.ts';

const folder = new URL('../..', import.meta.url);
packageSuite({ folder });
bothWays(folder, (way) => {
  lifecycleSuite({
    plugin,
    isolated: way.isolated,
    badConfigs: {
      'starts that are worth nothing': { worthBytes: 0 },
      'text for a number': { programMs: '5ms' },
      'more programs than can wait': { maxPrograms: 256 },
    },
  });
  const started = { start: () => way.start({}), plugin: way.id };
  scalingPolicySuite({ create: () => way.start({ policy: ScalingPolicy }) });
  scalingSuite(started);
  hookSuite({ ...started, taps: ['scaling.signal', 'scaling.programs', 'sandbox.destroyed'] });
  operationSuite({
    ...started,
    operations: {
      'demand.explain': { good: { nothing: {}, 'a limit': { limit: 1 } }, bad: { 'no limit': { limit: 0 } } },
    },
  });
});
