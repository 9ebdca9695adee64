import { readFileSync } from 'node:fs';
import { bothWays, hookSuite, lifecycleSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../index.js';

const folder = new URL('..', import.meta.url);
packageSuite({ folder });

const config = JSON.parse(readFileSync(new URL('settings.json', import.meta.url), 'utf8'));
bothWays(folder, (way) => {
  lifecycleSuite({
    plugin,
    isolated: way.isolated,
    config,
    badConfigs: {
      'no label': { limit: 1 },
      'no executions at all': { ...config, limit: 0 },
      'a window of no time': { ...config, windowMs: 0 },
    },
  });
  hookSuite({ start: () => way.start({}, { settings: config }), plugin: way.id, taps: ['execution.veto'] });
});
