import { lifecycleSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../src/index.ts';

packageSuite({ folder: new URL('../..', import.meta.url) });
lifecycleSuite({
  plugin,
  badConfigs: {
    'an empty command': { command: '' },
    'no compiler': { compilers: 0 },
    'a deadline out of range': { compileTimeoutMs: 3_600_000 },
  },
});
