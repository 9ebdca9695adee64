import { readFileSync } from 'node:fs';
import { bothWays, hookSuite, lifecycleSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../index.js';

const folder = new URL('..', import.meta.url);
packageSuite({ folder });

// Nobody listens at the URL, which must not matter to any execution.
const config = JSON.parse(readFileSync(new URL('settings.json', import.meta.url), 'utf8'));
const { url, secret } = config;

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
