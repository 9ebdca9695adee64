import { bothWays, lifecycleSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../src/index.ts';

const folder = new URL('../..', import.meta.url);
packageSuite({ folder });
bothWays(folder, ({ isolated }) =>
  lifecycleSuite({
    plugin,
    badConfigs: { 'an empty command': { command: '' }, 'a list for an image': { image: ['x'] } },
    ...(isolated ? { isolated } : {}),
  }),
);
