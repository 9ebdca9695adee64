import { bothWays, lifecycleSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../src/index.ts';

const folder = new URL('../..', import.meta.url);
packageSuite({ folder });
bothWays(folder, (way) => {
  lifecycleSuite({
    isolated: way.isolated,
    plugin,
    badConfigs: {
      'no file': { file: '' },
      'a file name cut short by NUL': { file: 'a\0b' },
      'no room for a document': { maxDocumentBytes: 0 },
    },
  });
});
