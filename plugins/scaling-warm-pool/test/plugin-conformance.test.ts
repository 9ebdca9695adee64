import { ScalingPolicy } from '@soulbox/plugin-sdk';
import {
  bothWays,
  hookSuite,
  lifecycleSuite,
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
      'less than no memory': { memoryBytes: -1 },
      'programs without weight': { programBytes: 0 },
      'text for a number': { share: 'half' },
      'a tenant with too many programs': { tenants: { acme: { programs: 1_000 } } },
    },
  });
  const started = { start: () => way.start({}, { settings: { memoryBytes: 2 ** 40 } }), plugin: way.id };
  scalingPolicySuite({ create: () => way.start({ policy: ScalingPolicy }) });
  scalingSuite(started);
  hookSuite({ ...started, taps: ['scaling.signal', 'scaling.programs', 'sandbox.destroyed'] });
});
