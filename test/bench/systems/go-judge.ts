import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { familyOf, pssBytes } from '../../support/processes.ts';
import { needs } from '../../support/needs.ts';
import { removeCgroups } from '../measure/cgroup-folders.ts';
import type { Resources } from './resources.ts';
import type { Program, System } from './system.ts';

interface Answer {
  readonly status: string;
  readonly files: { readonly stdout: string; readonly stderr: string };
}

const group = `soulbox-bench-judge-${process.pid}`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** What its containers show of this machine, and two folders that can be written to. */
function mounts(paths: readonly string[]): string {
  const shown = ['/bin', '/lib', '/lib64', '/usr', ...paths.filter((path) => !path.startsWith('/usr/'))];
  const binds = [
    ...shown.map((path) => ({ type: 'bind', source: path, target: path, readonly: true })),
    ...['/dev/null', '/dev/urandom'].map((path) => ({ type: 'bind', source: path, target: path })),
    ...['/w', '/tmp'].map((path) => ({ type: 'tmpfs', target: path, data: 'size=64m,nr_inodes=4k' })),
  ];
  return JSON.stringify({ mount: binds, proc: true, workDir: '/w', hostName: 'judge', uid: 1536, gid: 1536 });
}

/** go-judge: a server with containers that are made ahead and cleaned between programs, asked over HTTP. */
export function goJudge({ toolchains, folder }: Resources): System {
  let child: ChildProcess | undefined;
  let url = '';
  const argv: Readonly<Record<string, (code: string) => string[]>> = {
    python: (code) => [toolchains.commands['.py']![0]!, '-I', '-S', '-c', code],
    javascript: (code) => [toolchains.commands['.js']![0]!, '-e', code],
  };
  const ask = async (path: string, body?: unknown): Promise<unknown> => {
    const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await fetch(`${url}${path}`, body === undefined ? {} : post);
    if (!response.ok) throw new Error(`go-judge: ${response.status} ${await response.text()}`);
    return response.json();
  };
  return {
    name: 'go-judge',
    languages: ['python', 'javascript'],
    available: async () => needs('go-judge') || (process.geteuid?.() === 0 ? null : 'measured as root only'),
    async prepare() {
      const port = await freePort();
      const mountFile = join(folder, 'judge-mounts.yaml');
      await writeFile(mountFile, mounts(toolchains.paths));
      const places = ['-http-addr', `127.0.0.1:${port}`, '-mount-conf', mountFile, '-cgroup-prefix', group];
      child = spawn('go-judge', [...places, '-pre-fork', '8', '-silent', '-release'], { cwd: folder, stdio: 'ignore' });
      url = `http://127.0.0.1:${port}`;
      for (let n = 0; ; n += 1) {
        const answer = await ask('/version').catch(() => undefined);
        if (answer !== undefined) return;
        if (n === 100 || child.exitCode !== null) throw new Error('go-judge did not start');
        await sleep(100);
      }
    },
    version: async () => `go-judge ${((await ask('/version')) as { buildVersion: string }).buildVersion}`,
    async run({ language, code }: Program) {
      const collected = ['stdout', 'stderr'].map((name) => ({ name, max: 100_000 }));
      const cmd = {
        args: argv[language]!(code),
        env: ['PATH=/usr/bin:/bin'],
        files: [{ content: '' }, ...collected],
        cpuLimit: 10_000_000_000,
        memoryLimit: 1024 * 1024 * 1024,
        procLimit: 64,
      };
      const [answer] = (await ask('/run', { cmd: [cmd] })) as [Answer];
      if (answer.status !== 'Accepted') throw new Error(`go-judge: ${JSON.stringify(answer)}`);
      return answer.files.stdout;
    },
    workers: () => ({ roots: [child!.pid!] }),
    async waiting() {
      const family = (await familyOf([child!.pid!])).filter(({ pid }) => pid !== child!.pid);
      const sizes = await Promise.all(family.map(({ pid }) => pssBytes(pid)));
      return { what: 'empty containers', count: family.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
    },
    async close() {
      if (!child) return;
      const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
      child.kill('SIGTERM');
      await ended;
      // It leaves them behind.
      await removeCgroups(group);
    },
  };
}
