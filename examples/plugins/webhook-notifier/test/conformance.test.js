import { bothWays, hookSuite, lifecycleSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../index.js';

const folder = new URL('..', import.meta.url);
packageSuite({ folder });

// Nobody listens there, which must not matter to any execution.
const url = 'http://127.0.0.1:9/hook';
const secret = 'a secret of 24 characters';
const config = { url, secret };

bothWays(folder, (way) => {
  lifecycleSuite({
    plugin,
    isolated: way.isolated,
    config,
    badConfigs: {
      'no URL': { secret },
      'a URL of a file': { url: 'file:///etc/passwd', secret },
      'a URL with a password': { url: 'https://a:b@example.com', secret },
      'a short secret': { url, secret: 'short' },
    },
  });
  hookSuite({ start: () => way.start({}, { settings: config }), plugin: way.id, taps: ['execution.settled'] });
});
