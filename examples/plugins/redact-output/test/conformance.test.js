import { readFileSync } from 'node:fs';
import { bothWays, hookSuite, lifecycleSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../index.js';

const folder = new URL('..', import.meta.url);
packageSuite({ folder });

const config = JSON.parse(readFileSync(new URL('settings.json', import.meta.url), 'utf8'));
/** @param {string} text */
const bytes = (text) => Buffer.from(text);

bothWays(folder, (way) => {
  lifecycleSuite({
    plugin,
    isolated: way.isolated,
    config,
    badConfigs: {
      'nothing to hide': { secrets: [] },
      'a secret of one letter': { secrets: ['x'] },
      'a shape that fits everything': { shapes: ['****'] },
      'a number for a text': { secrets: ['sample'], replacement: 7 },
    },
  });
  const stdout = { id: 'one', stream: /** @type {const} */ ('stdout'), last: true };
  hookSuite({
    start: () => way.start({}, { settings: config }),
    plugin: way.id,
    taps: ['execution.output', 'execution.after', 'execution.settled'],
    calls: {
      'a secret is hidden': {
        hook: 'execution.output',
        args: [bytes('a sample, key-1234'), stdout],
        answer: bytes('a [redacted], [redacted]'),
      },
    },
  });
});
