import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Enforcement } from '../../src/contracts/enforcement.ts';
import type { RunSpec } from '../../src/contracts/sandbox.ts';
import type { HostIdentity } from './host-identity.ts';

const prefix = 'soulbox-canary-';

/** A file that anyone on this host may read, and nobody in a box should be able to. */
export interface PlantedSecret {
  readonly path: string;
  readonly value: string;
  remove(): Promise<void>;
}

export async function plantSecret(deploymentId: string, identity: HostIdentity): Promise<PlantedSecret> {
  const folder = join(tmpdir(), `${prefix}${deploymentId}-${identity.label}-${randomBytes(4).toString('hex')}`);
  const value = randomBytes(24).toString('hex');
  await mkdir(folder, { mode: 0o755 });
  const path = join(folder, 'secret');
  await writeFile(path, value, { mode: 0o644 });
  // Whatever the umask: only the walls of the box may keep the canary from reading it.
  await Promise.all([chmod(folder, 0o755), chmod(path, 0o644)]);
  return { path, value, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Removes what dead hosts of this deployment planted. @returns how many. */
export async function removeStaleSecrets(deploymentId: string, identity: HostIdentity): Promise<number> {
  const ours = `${prefix}${deploymentId}-`;
  const names = await readdir(tmpdir());
  const stale = names.filter((name) => {
    const label = name.startsWith(ours) ? /^(h\d+-\d+-\d+)-[0-9a-f]{8}$/.exec(name.slice(ours.length)) : null;
    return label !== null && identity.isGone(label[1]!);
  });
  await Promise.all(stale.map((name) => rm(join(tmpdir(), name), { recursive: true, force: true })));
  return stale.length;
}

/** The agent's own program goes along as a file: it may lie where a box has folders of its own, such as /tmp. */
export function canaryRun(program: Uint8Array, secret: PlantedSecret): RunSpec {
  return {
    id: 'canary',
    files: [{ path: 'canary', content: program, executable: true }],
    stages: [{ name: 'run', argv: ['/home/sandbox/canary', 'canary', secret.path], env: {}, stdin: false }],
    limits: {
      wallMs: 5000,
      cpuMs: 5000,
      memoryBytes: 64 * 1024 * 1024,
      outputBytes: 4096,
      processes: 4,
      diskBytes: 16 * 1024 * 1024,
    },
  };
}

/** What is wrong with the canary's report; `null` if it lived, and each wall that is said to be there held it. */
export function judgeCanary(output: string, secret: PlantedSecret, enforced: Enforcement): string | null {
  if (!output.startsWith('soulbox-canary ')) return 'the canary printed nothing';
  const found = new Map(
    output
      .trim()
      .split(' ')
      .map((word) => word.split('=', 2) as [string, string | undefined]),
  );
  const hasFilter = enforced.seccomp !== 'none';
  const namespaces = enforced.namespaces.split(',');
  // Itself and the first process of its box; and the agent, where a container is the box.
  const most = namespaces.includes('user') ? 2 : 3;
  const held: Readonly<Record<string, boolean>> = {
    secret: found.get('secret') === 'unreadable' && !output.includes(secret.value),
    interfaces: enforced.network !== 'none' || found.get('interfaces') === 'lo',
    processes: !namespaces.includes('pid') || Number(found.get('processes')) <= most,
    io_uring: !hasFilter || found.get('io_uring') === 'refused',
    userns: !hasFilter || found.get('userns') === 'refused',
  };
  const broken = Object.keys(held).filter((name) => !held[name]);
  return broken.length === 0 ? null : `the canary got past a wall: ${broken.join(', ')}`;
}
