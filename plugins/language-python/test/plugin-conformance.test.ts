import { lifecycleSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../src/index.ts';

packageSuite({ folder: new URL('../..', import.meta.url) });
lifecycleSuite({
  plugin,
  badConfigs: { 'an empty command': { command: '' }, 'text for a truth': { packages: 'yes' } },
});
