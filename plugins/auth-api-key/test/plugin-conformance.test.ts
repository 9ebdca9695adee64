import { bothWays, lifecycleSuite, operationSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../src/index.ts';

const folder = new URL('../..', import.meta.url);
packageSuite({ folder });
bothWays(folder, (way) => {
  lifecycleSuite({
    plugin,
    isolated: way.isolated,
    badConfigs: {
      'no scope for new keys': { defaultScopes: [] },
      'a cache that is never checked': { cacheMs: 600_000 },
      'text for a number': { lastUsedMs: '1s' },
    },
  });
  operationSuite({
    start: () => way.start({}),
    plugin: way.id,
    operations: {
      'keys.create': {
        good: {
          'a name': { name: 'ci' },
          'all there is': { name: 'x', scopes: ['keys:*'], tenant: 'a', expiresInMs: 1 },
        },
        bad: {
          'no name': {},
          'no scope': { name: 'x', scopes: [] },
          'an end in the past': { name: 'x', expiresInMs: -1 },
        },
      },
      'keys.list': {
        good: { nothing: {}, 'a limit': { limit: 1 } },
        bad: { 'a limit out of range': { limit: 0 }, 'text for a number': { limit: 'x' } },
      },
      'keys.revoke': {
        bad: { 'no key': {}, 'an empty id': { id: '' } },
        failing: { not_found: { id: 'none' } },
      },
    },
  });
});
