import { bothWays, lifecycleSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../src/index.ts';

const folder = new URL('../..', import.meta.url);
packageSuite({ folder });
bothWays(folder, ({ label, isolated }) => {
  lifecycleSuite({
    name: `ruby ${label}`,
    plugin,
    badConfigs: { 'an empty command': { command: '' }, 'a version that is no list': { versions: 'ruby' } },
    ...(isolated ? { isolated } : {}),
  });
});
