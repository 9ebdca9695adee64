import { bothWays, inNoSandbox, lifecycleSuite, operationSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import plugin from '../src/index.ts';

const folder = new URL('../..', import.meta.url);
packageSuite({ folder });
bothWays(folder, (way) => {
  lifecycleSuite({
    plugin,
    isolated: way.isolated,
    badConfigs: {
      'no room for anything': { collectedBytes: 0 },
      'a variable that is no text': { env: { A: 1 } },
    },
  });
  operationSuite({
    start: () => way.start({}),
    plugin: way.id,
    operations: {
      'processes.start': inNoSandbox({ argv: ['x'] }),
      'processes.run': inNoSandbox({ argv: ['x'] }),
      'processes.attach': inNoSandbox({ process: 1 }),
      'processes.wait': inNoSandbox({ process: 1 }),
      'processes.input': inNoSandbox({ process: 1 }),
      'processes.kill': inNoSandbox({ process: 1 }),
      'processes.resize': inNoSandbox({ process: 1, terminal: { rows: 1, columns: 1 } }),
      'processes.list': inNoSandbox({}),
      'processes.get': inNoSandbox({ process: 1 }),
      'processes.forget': inNoSandbox({ process: 1 }),
    },
  });
});
