import { bothWays, hookSuite, lifecycleSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../index.js';

const folder = new URL('..', import.meta.url);
packageSuite({ folder });

bothWays(folder, (way) => {
  lifecycleSuite({
    plugin,
    isolated: way.isolated,
    badConfigs: { 'no time at all': { maxWallMs: 0 }, 'an empty word': { bannedWords: [''] } },
  });
  hookSuite({ start: () => way.start({}), plugin: way.id, taps: ['execution.before', 'execution.veto'] });
});
