import { lifecycleSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../src/index.ts';

packageSuite({ folder: new URL('../..', import.meta.url) });
lifecycleSuite({
  plugin,
  badConfigs: {
    'no file': { file: '' },
    'a file name cut short by NUL': { file: 'a\0b' },
    'no room for a document': { maxDocumentBytes: 0 },
  },
});
