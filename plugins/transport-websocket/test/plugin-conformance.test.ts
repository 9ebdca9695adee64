import { bothWays, hookSuite, lifecycleSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../src/index.ts';

const folder = new URL('../..', import.meta.url);
packageSuite({ folder });
bothWays(folder, (way) => {
  lifecycleSuite({
    plugin,
    isolated: way.isolated,
    config: { port: 0 },
    listen: true,
    badConfigs: {
      'a port that does not exist': { port: 65_536 },
      'an address that others reach': { port: 0, host: '0.0.0.0' },
      'a path with a query': { port: 0, path: '/rpc?x' },
      'an origin with a path': { port: 0, allowedOrigins: ['https://a.example/x'] },
    },
  });
  hookSuite({ start: () => way.start({}, { settings: { port: 0 } }), plugin: way.id, taps: ['plugin.changed'] });
});
