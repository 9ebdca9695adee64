import { bothWays, lifecycleSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../src/index.ts';

const folder = new URL('../..', import.meta.url);
packageSuite({ folder });
bothWays(folder, (way) => {
  lifecycleSuite({
    isolated: way.isolated,
    plugin,
    config: { uidBase: 1_500_100_000, uidBlocks: 64 },
    badConfigs: {
      'a relative path': { paths: ['usr'] },
      'more programs than uids': { uidCount: 64, maxRuns: 64 },
      'uids beyond the last': { uidBase: 2 ** 31 - 1 },
    },
  });
});
