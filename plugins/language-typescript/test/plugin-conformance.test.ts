import { lifecycleSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../src/index.ts';

const folder = new URL('../..', import.meta.url);
packageSuite({ folder });
const lifecycle = {
  plugin,
  badConfigs: {
    'an empty command': { command: '' },
    'no compiler': { compilers: 0 },
    'a deadline out of range': { compileTimeoutMs: 3_600_000 },
  },
};
lifecycleSuite(lifecycle);
lifecycleSuite({ ...lifecycle, name: 'lifecycle in a process of its own', isolated: folder });
