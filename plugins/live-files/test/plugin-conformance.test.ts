import { bothWays, inNoSandbox, lifecycleSuite, operationSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../src/index.ts';

const folder = new URL('../..', import.meta.url);
packageSuite({ folder });
bothWays(folder, (way) => {
  lifecycleSuite({
    plugin,
    isolated: way.isolated,
    badConfigs: {
      'no room for anything': { readBytes: 0 },
      'a key that is unknown': { of: 'all' },
    },
  });
  operationSuite({
    start: () => way.start({}),
    plugin: way.id,
    operations: {
      'files.read': inNoSandbox({ path: 'a' }),
      'files.download': inNoSandbox({ path: 'a' }),
      'files.pack': inNoSandbox({ paths: ['a'] }),
      'files.write': inNoSandbox({ path: 'a', content: '' }),
      'files.writeMany': inNoSandbox({ files: [{ path: 'a', content: '' }] }),
      'files.list': inNoSandbox({ path: 'a' }),
      'files.stat': inNoSandbox({ path: 'a' }),
      'files.makeFolder': inNoSandbox({ path: 'a' }),
      'files.move': inNoSandbox({ from: 'a', to: 'b' }),
      'files.copy': inNoSandbox({ from: 'a', to: 'b' }),
      'files.remove': inNoSandbox({ path: 'a' }),
      'files.set': inNoSandbox({ path: 'a' }),
      'files.link': inNoSandbox({ path: 'a', target: 'b' }),
      'files.watch': inNoSandbox({ path: 'a' }),
      'files.search': inNoSandbox({}),
      'files.openUpload': inNoSandbox({ path: 'a' }),
      'files.uploadPart': inNoSandbox({ upload: 'u', offset: 0, content: 'x' }),
      'files.commitUpload': inNoSandbox({ upload: 'u' }),
      'files.abortUpload': inNoSandbox({ upload: 'u' }),
    },
  });
});
