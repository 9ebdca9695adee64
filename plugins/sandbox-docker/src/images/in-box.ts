import { SoulboxError, type Limits, type RunOutcome, type RunSpec, type SandboxDriver } from '@soulbox/plugin-sdk';

const mebibyte = 1024 * 1024;
/** Ample for a compiler, since what is run is known. */
const limits: Limits = {
  wallMs: 60_000,
  cpuMs: 60_000,
  memoryBytes: 1024 * mebibyte,
  outputBytes: 64 * 1024,
  processes: 256,
  diskBytes: 256 * mebibyte,
};

export interface Told {
  readonly stdout: string;
  readonly stderr: string;
  readonly outcome: RunOutcome;
}

/** Runs something of ours in a box made of an image, and takes the box away again. */
export async function runInBoxOf(
  driver: Pick<SandboxDriver, 'create' | 'run' | 'destroy'>,
  image: string,
  { files, stages }: Pick<RunSpec, 'files' | 'stages'>,
  signal: AbortSignal,
): Promise<Told> {
  const { id } = await driver.create({ paths: [], image, labels: { purpose: 'image' } }, { signal });
  try {
    const text = { stdout: '', stderr: '' };
    for await (const event of driver.run(id, { id: 'image', files, stages, limits }, { signal })) {
      if (event.type === 'end') return { ...text, outcome: event.outcome };
      if (event.type === 'stdout' || event.type === 'stderr')
        text[event.type] += Buffer.from(event.data).toString('utf8');
    }
    throw new SoulboxError('sandbox_lost', 'the sandbox ended without an outcome');
  } finally {
    await driver.destroy(id);
  }
}
