import { bothWays, lifecycleSuite, operationSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../index.js';

const folder = new URL('..', import.meta.url);
packageSuite({ folder });

const snippet = { name: 'hello', language: 'script', code: 'out hello' };
bothWays(folder, (way) => {
  lifecycleSuite({ plugin, isolated: way.isolated, badConfigs: {} });
  operationSuite({
    plugin: way.id,
    start: async () => {
      const started = await way.start({});
      await started.host.call('snippets.save', snippet);
      return started;
    },
    operations: {
      'snippets.save': {
        good: { 'a snippet': snippet },
        bad: { 'a name with a slash': { ...snippet, name: '../x' }, 'no code': { name: 'x', language: 'script' } },
      },
      'snippets.get': {
        good: { 'a name': { name: 'hello' } },
        bad: { 'no name': {} },
        failing: { not_found: { name: 'absent' } },
      },
      'snippets.list': { good: { nothing: {}, 'a limit': { limit: 1 } }, bad: { 'a limit of none': { limit: 0 } } },
      'snippets.delete': { good: { 'a name': { name: 'hello' } }, bad: { 'no name': {} } },
      'snippets.run': {
        good: { 'a name': { name: 'hello' } },
        bad: { 'a limit of nothing': { name: 'hello', limits: {}, code: 'x' } },
        failing: { not_found: { name: 'absent' } },
      },
    },
  });
});
