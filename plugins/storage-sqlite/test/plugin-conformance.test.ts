import { lifecycleSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../src/index.ts';

const folder = new URL('../..', import.meta.url);
packageSuite({ folder });
const lifecycle = {
  plugin,
  badConfigs: {
    'no file': { file: '' },
    'a file name cut short by NUL': { file: 'a\0b' },
    'no room for a document': { maxDocumentBytes: 0 },
  },
};
lifecycleSuite(lifecycle);
lifecycleSuite({ ...lifecycle, name: 'lifecycle in a process of its own', isolated: folder });
