import { lifecycleSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../src/index.ts';

packageSuite({ folder: new URL('../..', import.meta.url) });
lifecycleSuite({
  plugin,
  badConfigs: {
    'no scope for new keys': { defaultScopes: [] },
    'a cache that is never checked': { cacheMs: 600_000 },
    'text for a number': { lastUsedMs: '1s' },
  },
});
