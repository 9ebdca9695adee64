import { bothWays, lifecycleSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../src/index.ts';

const folder = new URL('../..', import.meta.url);
packageSuite({ folder });
bothWays(folder, (way) => {
  lifecycleSuite({
    isolated: way.isolated,
    plugin,
    badConfigs: {
      'an empty command': { command: '' },
      'no compiler': { compilers: 0 },
      'a deadline out of range': { compileTimeoutMs: 3_600_000 },
    },
  });
});
