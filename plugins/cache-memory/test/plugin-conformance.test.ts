import { Cache } from '@soulbox/plugin-sdk';
import { bothWays, cacheSuite, lifecycleSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../src/index.ts';

const folder = new URL('../..', import.meta.url);
packageSuite({ folder });
bothWays(folder, (way) => {
  lifecycleSuite({
    plugin,
    isolated: way.isolated,
    badConfigs: {
      'no room': { maxBytes: 0 },
      'an entry that is larger than all': { maxBytes: 1_024, maxEntryBytes: 1_025 },
      'text for a number': { ttlMs: '1h' },
      'a key that is unknown': { size: 1 },
    },
  });
  cacheSuite({ name: 'cache-memory', create: () => way.start({ cache: Cache }) });
});
