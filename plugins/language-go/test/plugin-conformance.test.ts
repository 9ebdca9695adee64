import { bothWays, lifecycleSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../src/index.ts';
import { cache } from './cache.ts';

const folder = new URL('../..', import.meta.url);
packageSuite({ folder });
bothWays(folder, ({ isolated }) =>
  lifecycleSuite({
    plugin,
    config: { cache },
    badConfigs: { 'an empty command': { command: '' }, 'a list for an image': { image: ['x'] } },
    ...(isolated ? { isolated } : {}),
  }),
);
