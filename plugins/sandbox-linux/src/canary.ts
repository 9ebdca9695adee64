import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunSpec } from '@soulbox/plugin-sdk';
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

export function canaryRun(program: string, secret: PlantedSecret): RunSpec {
  return {
    id: 'canary',
    files: [],
    stages: [{ name: 'run', argv: [program, 'canary', secret.path], env: {}, stdin: false }],
    limits: {
      wallMs: 5000,
      cpuMs: 5000,
      memoryBytes: 64 * 1024 * 1024,
      outputBytes: 4096,
      processes: 4,
      diskBytes: 1024 * 1024,
    },
  };
}

/** What is wrong with the canary's report; `null` if it lived, behind every wall that it can test. */
export function judgeCanary(output: string, secret: PlantedSecret): string | null {
  if (!output.includes('soulbox-canary')) return 'the canary printed nothing';
  if (output.includes(secret.value) || !output.includes('secret=unreadable')) return 'the canary could read the host';
  return null;
}
