import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { familyOf, pssBytes } from '../../support/processes.ts';
import { root } from '../../support/soulbox.ts';
import { output } from './commands.ts';
import type { Resources } from './resources.ts';
import type { System } from './system.ts';

/** Debian's, for which Debian has the packages. */
const python = '/usr/bin/python3';
const modules = 'import ipykernel, jupyter_client; print(jupyter_client.__version__, ipykernel.__version__)';

/** A Jupyter kernel, spoken to by Jupyter's own client. It has no walls at all. */
function jupyter({ folder }: Resources, kind: 'warm' | 'new', name: string): System {
  let child: ChildProcessByStdio<Writable, Readable, null> | undefined;
  let lines: AsyncIterator<string> | undefined;
  const answer = async (): Promise<string> => {
    const line = await lines!.next();
    if (line.done) throw new Error(`${name}: the client ended`);
    return JSON.parse(line.value) as string;
  };
  return {
    name,
    languages: ['python'],
    // A kernel does one thing after another.
    mostClients: 1,
    available: () =>
      output([python, '-c', modules]).then(
        () => null,
        () => 'needs jupyter_client and ipykernel: see test/bench/peers.sh',
      ),
    async prepare() {
      const script = join(root, 'test/bench/systems/jupyter.py');
      const env = { PATH: '/usr/bin:/bin', HOME: folder, IPYTHONDIR: folder };
      child = spawn(python, [script, kind], { cwd: folder, env, stdio: ['pipe', 'pipe', 'ignore'] });
      lines = createInterface(child.stdout)[Symbol.asyncIterator]();
      await answer();
    },
    version: async () => `jupyter_client and ipykernel ${(await output([python, '-c', modules])).trim()}`,
    run({ code }) {
      child!.stdin.write(`${JSON.stringify(code)}\n`);
      return answer();
    },
    workers: () => ({ roots: [child!.pid!] }),
    async waiting() {
      const kernels = (await familyOf([child!.pid!])).filter(({ pid }) => pid !== child!.pid);
      const sizes = await Promise.all(kernels.map(({ pid }) => pssBytes(pid)));
      const bytes = sizes.reduce((sum, size) => sum + size, 0);
      return kernels.length === 0 ? null : { what: 'kernels', count: 1, bytes };
    },
    async close() {
      if (!child || child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}

/** One kernel for all executions: they see each other's state. */
export const jupyterWarm = (resources: Resources): System => jupyter(resources, 'warm', 'Jupyter, a warm cell');
/** A kernel of its own for each execution. */
export const jupyterNew = (resources: Resources): System => jupyter(resources, 'new', 'Jupyter, a new kernel');
