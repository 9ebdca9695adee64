import { readFileSync } from 'node:fs';
import { bothWays, lifecycleSuite, operationSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../src/index.ts';

const none = { sandbox: 'sbnone' };

const folder = new URL('../..', import.meta.url);
packageSuite({ folder });
bothWays(folder, (way) => {
  lifecycleSuite({
    plugin,
    isolated: way.isolated,
    packageJson: JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')),
    badConfigs: {
      'a range that is none': { granted: ['10.0.0.0/33'] },
      'a name where a range is wanted': { granted: ['example.org'] },
      'no mode at all': { modes: [] },
      'nobody to ask for names': { nameServers: [] },
    },
  });
  operationSuite({
    start: () => way.start({}),
    plugin: way.id,
    operations: {
      'networks.get': { bad: { nothing: {} }, failing: { not_found: none } },
      'networks.update': {
        bad: { 'no network': none, 'no mode': { ...none, network: {} } },
        failing: { not_found: { ...none, network: { mode: 'open' } } },
      },
    },
  });
});
