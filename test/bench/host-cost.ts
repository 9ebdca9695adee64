/** What an execution costs the host beside the program: a real host and real clients, a driver that answers at once. */
import { readdir, readFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from '@soulbox/plugin-transport-websocket/client';
import { makeHome, root } from '../support/soulbox.ts';
import { startHost } from '../support/running-host.ts';

/** One kind of call, as so many clients made it. CPU is that of the host's process alone, in microseconds a call. */
export interface HostCost {
  readonly call: string;
  readonly clients: number;
  readonly calls: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly cpuUs: number;
  /** The share of it in the thread that runs JavaScript; the rest is the store's thread and Node.js's own. */
  readonly mainThreadUs: number;
}

interface CpuTime {
  readonly all: number;
  readonly main: number;
}

/** In microseconds, of every thread that is still there. */
async function cpuTime(pid: number): Promise<CpuTime> {
  const tasks = await readdir(`/proc/${pid}/task`);
  const times = await Promise.all(
    tasks.map(async (task) => {
      const stat = await readFile(`/proc/${pid}/task/${task}/schedstat`, 'utf8').catch(() => '0');
      return [task, Number(stat.split(' ', 1)[0]) / 1_000] as const;
    }),
  );
  const main = times.find(([task]) => task === String(pid))?.[1] ?? 0;
  return { all: times.reduce((sum, [, time]) => sum + time, 0), main };
}

/** The package of a language whose programs are over before they begin. */
async function writeScripted(folder: string): Promise<string> {
  await mkdir(join(folder, 'node_modules/@soulbox'), { recursive: true });
  await symlink(join(root, 'sdk-plugin'), join(folder, 'node_modules/@soulbox/plugin-sdk'));
  const soulbox = {
    id: 'scripted-sandbox',
    isolation: ['inline'],
    provides: ['sandbox-driver@1.0.0', 'language-runtime@1.0.0'],
  };
  const manifest = { name: 'scripted-sandbox', version: '1.0.0', type: 'module', exports: './index.js', soulbox };
  await writeFile(join(folder, 'package.json'), JSON.stringify({ ...manifest, engines: { soulbox: '^1.0.0' } }));
  const code = `import { scriptedSandbox } from '@soulbox/plugin-sdk/testing';
export default scriptedSandbox();`;
  await writeFile(join(folder, 'index.js'), code);
  return folder;
}

type Call = () => Promise<unknown>;

async function load(clients: readonly Call[], calls: number): Promise<{ times: number[]; tookMs: number }> {
  const times: number[] = [];
  let left = calls;
  const begun = performance.now();
  const work = async (call: Call): Promise<void> => {
    while (left-- > 0) {
      const at = performance.now();
      await call();
      times.push(performance.now() - at);
    }
  };
  await Promise.all(clients.map(work));
  return { times: times.toSorted((a, b) => a - b), tookMs: performance.now() - begun };
}

const program = { language: 'script', code: 'out 42' };

/** `calls` of each kind by 1 and by 32 clients, each on a connection of its own; a fifth as many first warm up. */
export async function benchHostCost(calls: number): Promise<HostCost[]> {
  await using home = await makeHome();
  const scripted = await writeScripted(join(home.folder, 'scripted'));
  const host = await startHost({
    home,
    yaml: 'sandbox: { driver: scripted }',
    plugins: `  scripted-sandbox: ${JSON.stringify({ package: scripted })}
  language-python: false
  language-javascript: false
  language-typescript: false`,
  });
  const rows: HostCost[] = [];
  try {
    const links = await Promise.all(Array.from({ length: 32 }, () => connect({ url: host.url, key: host.key! })));
    const kinds = {
      'a call that finds nothing': async (link: (typeof links)[0]) =>
        link.call('executions.get', { id: 'none' }).catch(() => undefined),
      'executions.create': async (link: (typeof links)[0]) => {
        const result = (await link.call('executions.create', program)) as { stdout: string };
        if (result.stdout !== '42\n') throw new Error('the scripted program did not print what it should');
      },
      'executions.create, streamed': async (link: (typeof links)[0]) => {
        let events = 0;
        for await (const item of link.stream('executions.create', { ...program, stream: true }))
          if ('event' in item) events += 1;
        if (events < 4) throw new Error('events are missing');
      },
    };
    for (const [name, call] of Object.entries(kinds))
      for (const clients of [1, 32]) {
        const workers = links.slice(0, clients).map((link) => () => call(link));
        await load(workers, Math.ceil(calls / 5));
        const before = await cpuTime(host.child.pid!);
        const { times, tookMs } = await load(workers, calls);
        const after = await cpuTime(host.child.pid!);
        const at = (share: number) => times[Math.floor(times.length * share)] ?? 0;
        rows.push({
          call: name,
          clients,
          calls,
          perSecond: (calls / tookMs) * 1_000,
          p50Ms: at(0.5),
          p95Ms: at(0.95),
          cpuUs: (after.all - before.all) / calls,
          mainThreadUs: (after.main - before.main) / calls,
        });
      }
    await Promise.all(links.map((link) => link.close()));
  } finally {
    await host.end('SIGTERM');
  }
  return rows;
}
