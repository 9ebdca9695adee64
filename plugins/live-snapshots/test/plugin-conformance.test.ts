import { readFileSync } from 'node:fs';
import { bothWays, lifecycleSuite, operationSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../src/index.ts';

const none = { import: 'none' };
const sha256 = 'a'.repeat(64);

const folder = new URL('../..', import.meta.url);
packageSuite({ folder });
bothWays(folder, (way) => {
  lifecycleSuite({
    plugin,
    isolated: way.isolated,
    packageJson: JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')),
    badConfigs: {
      'no room for anything': { snapshotBytes: 0 },
      'no snapshot at all': { snapshots: 0 },
    },
  });
  operationSuite({
    start: () => way.start({}),
    plugin: way.id,
    operations: {
      'snapshots.create': { bad: { 'no sandbox': {} }, failing: { not_found: { sandbox: 'sbnone' } } },
      'snapshots.list': { good: { nothing: {}, 'only templates': { templates: true } } },
      'snapshots.get': { bad: { 'no name': { snapshot: '' } }, failing: { not_found: { snapshot: 'none' } } },
      'snapshots.update': {
        bad: { 'an odd name': { snapshot: 'none', name: '../x' } },
        failing: { not_found: { snapshot: 'none', name: 'x' } },
      },
      'snapshots.delete': { bad: { nothing: {} }, failing: { not_found: { snapshot: 'none' } } },
      'snapshots.export': { bad: { nothing: {} }, failing: { not_found: { snapshot: 'none' } } },
      'templates.build': {
        bad: {
          'no recipe': { name: 'x' },
          'an odd name': { name: '../x', recipe: 'RUN true' },
          'no such instruction': { name: 'x', recipe: 'HIDE me' },
          'a file that was not sent': { name: 'x', recipe: 'COPY a b' },
          'a file that is no base64': {
            name: 'x',
            recipe: 'RUN true',
            files: { a: { content: '%', encoding: 'base64' } },
          },
        },
        failing: { not_found: { name: 'x', recipe: 'FROM none' } },
      },
      'snapshots.openImport': { good: { 'a sum': { sha256 } }, bad: { 'no sum': {} } },
      'snapshots.importPart': {
        bad: { 'no content': { ...none, offset: 0, content: '' } },
        failing: { not_found: { ...none, offset: 0, content: 'x' } },
      },
      'snapshots.commitImport': { bad: { nothing: {} }, failing: { not_found: none } },
      'snapshots.abortImport': { bad: { nothing: {} }, failing: { not_found: none } },
    },
  });
});
