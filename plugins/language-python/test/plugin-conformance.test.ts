import { lifecycleSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../src/index.ts';

const folder = new URL('../..', import.meta.url);
packageSuite({ folder });
const lifecycle = {
  plugin,
  badConfigs: { 'an empty command': { command: '' }, 'text for a truth': { packages: 'yes' } },
};
lifecycleSuite(lifecycle);
lifecycleSuite({ ...lifecycle, name: 'lifecycle in a process of its own', isolated: folder });
