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
      'an address for all that nobody said is public': { host: '0.0.0.0' },
      'mapped ports for all that nobody said are public': { mapped: { host: '::' } },
      'no port to map': { mapped: { first: 2, last: 1 } },
      'more for one than for all': { connections: 1, previewConnections: 2 },
      'a URL with a path': { url: 'https://preview.example.org/x' },
      'a URL without a name': { url: 'http://127.0.0.1:80' },
      'nobody to let in': { access: [] },
    },
  });
  operationSuite({
    start: () => way.start({}),
    plugin: way.id,
    operations: {
      'ports.list': { bad: { nothing: {} }, failing: { not_found: none } },
      'ports.expose': { bad: { 'no such port': { ...none, port: 0 } }, failing: { not_found: none } },
      'ports.exposed': { good: { nothing: {}, 'of one sandbox': none } },
      'ports.hide': { bad: { nothing: {} }, failing: { not_found: { ...none, port: 80 } } },
      'ports.map': {
        bad: { 'no such port': { ...none, port: 65_536 } },
        failing: { not_found: { ...none, port: 80 } },
      },
      'ports.mapped': { good: { nothing: {}, 'of one sandbox': none } },
      'ports.unmap': { bad: { nothing: {} }, failing: { not_found: { ...none, port: 80 } } },
    },
  });
});
