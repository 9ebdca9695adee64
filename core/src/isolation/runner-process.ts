import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Permissions } from '@soulbox/plugin-sdk';
import type { PermissionPlan } from './permission-flags.ts';

export interface RunnerOptions {
  readonly folder: string;
  readonly permissions: Permissions;
  readonly plan: PermissionPlan;
  /** Memory of its heap, in bytes. */
  readonly memoryBytes: number;
  /** Variables that it gets, out of those of the host. */
  readonly environment?: NodeJS.ProcessEnv;
}

// Only built files are run: this one's own ending tells which it is.
const entry = fileURLToPath(new URL('./runner/main.js', import.meta.url));
const leash = '/usr/bin/setpriv';
const mebibyte = 1024 * 1024;

/** The variables that a plugin may see: those that its manifest names, and where programs are if it may start them. */
function grantedEnvironment(permissions: Permissions, all: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = [...permissions.secrets, ...(permissions.processes ? ['PATH', 'HOME', 'LANG', 'TMPDIR'] : [])];
  // Coverage is measured in all processes or in none.
  const granted = [...names, 'NODE_V8_COVERAGE'].filter((name) => all[name] !== undefined);
  return Object.fromEntries(granted.map((name) => [name, all[name]]));
}

/** Starts the process that an isolated plugin runs in. It ends with the host, however that ends. */
export function startRunner(options: RunnerOptions): ChildProcess {
  const { folder, permissions, plan, memoryBytes, environment = process.env } = options;
  const node = [
    '--disable-warning=ExperimentalWarning',
    `--max-old-space-size=${Math.floor(memoryBytes / mebibyte)}`,
    '--enable-source-maps',
    ...plan.flags,
  ];
  // A process that loops would not notice that its host is gone; where the kernel can be asked to see to it, it is.
  const leashed = existsSync(leash);
  return fork(entry, [], {
    execPath: leashed ? leash : process.execPath,
    execArgv: leashed ? ['--pdeathsig', 'KILL', process.execPath, ...node] : node,
    env: grantedEnvironment(permissions, environment),
    cwd: folder,
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}

/** Waits for a process to end by itself, and ends it after `ms` milliseconds. */
export async function endRunner(child: ChildProcess, ms: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = once(child, 'exit');
  if (child.connected) child.disconnect();
  const timer = setTimeout(() => child.kill('SIGKILL'), ms);
  await exited;
  clearTimeout(timer);
}
