import { lifecycleSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../src/index.ts';

const folder = new URL('../..', import.meta.url);
packageSuite({ folder });
const lifecycle = {
  plugin,
  badConfigs: {
    'no scope for new keys': { defaultScopes: [] },
    'a cache that is never checked': { cacheMs: 600_000 },
    'text for a number': { lastUsedMs: '1s' },
  },
};
lifecycleSuite(lifecycle);
lifecycleSuite({ ...lifecycle, name: 'lifecycle in a process of its own', isolated: folder });
