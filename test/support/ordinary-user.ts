import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { relative, resolve } from 'node:path';

/** Not `nobody`, which other tests use at the same time. */
const ordinaryUid = 61_734;
const mountPoint = '/mnt';

export interface Finished {
  readonly exitCode: number | null;
  readonly output: string;
}

/**
 * Runs a compiled script of this repository as an ordinary user; needs root. The repository may lie below a folder that
 * only root can enter, so it is bound to a place for all, in a mount namespace that ends with the process.
 */
export async function runAsOrdinaryUser(
  repository: string,
  script: string,
  args: readonly string[],
): Promise<Finished> {
  const inside = resolve(mountPoint, relative(repository, script));
  const command = [
    'mount --bind "$1" "$2" && shift 2 &&',
    `exec setpriv --reuid=${ordinaryUid} --regid=${ordinaryUid} --clear-groups --inh-caps=-all "$@"`,
  ].join(' ');
  const child = spawn(
    'unshare',
    ['--mount', 'sh', '-c', command, 'sh', repository, mountPoint, process.execPath, ...args, inside],
    {
      cwd: '/',
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/nonexistent', LANG: 'C.UTF-8' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, output };
}
