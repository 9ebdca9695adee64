import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { ExecutionPlan, PlannedStage } from '../src/index.ts';

export interface PlanRun {
  /** Of the last stage that ran; `null` when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Of all stages together. */
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

export interface PlanRunOptions {
  readonly stdin?: string | Uint8Array;
  /** Wins over the plan's own environment, as in a host. */
  readonly env?: Readonly<Record<string, string>>;
}

interface Folders {
  readonly cwd: string;
  /** What a toolchain keeps in its home must not stay on this machine. */
  readonly home: string;
}

const deadlineMs = 60_000;

async function runStage(stage: PlannedStage, { cwd, home }: Folders, options: PlanRunOptions): Promise<PlanRun> {
  const child = spawn(stage.argv[0] ?? '', stage.argv.slice(1), {
    cwd,
    env: { ...stage.env, ...(stage.env['HOME'] === undefined ? {} : { HOME: home }), ...options.env },
    timeout: deadlineMs,
    killSignal: 'SIGKILL',
  });
  child.stdin.on('error', () => undefined); // a program need not read its input
  child.stdin.end(stage.stdin === true ? options.stdin : undefined);
  const ended = new Promise<{ exitCode: number | null; signal: string | null }>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal }));
  });
  const [stdout, stderr, status] = await Promise.all([buffer(child.stdout), buffer(child.stderr), ended]);
  return { ...status, stdout, stderr };
}

/**
 * Runs a plan's stages in a temporary folder, as plain processes with the rights of the caller: **no wall stands
 * around them**. For the tests of a language plugin, with programs that the test itself contains; never for a client's.
 * @throws Error when a stage's program cannot be started.
 */
export async function runPlanUnsandboxed(
  plan: Extract<ExecutionPlan, { ok: true }>,
  options: PlanRunOptions = {},
): Promise<PlanRun> {
  const folder = await mkdtemp(join(tmpdir(), 'soulbox-plan-'));
  const folders = { cwd: join(folder, 'work'), home: join(folder, 'home') };
  try {
    for (const each of Object.values(folders)) await mkdir(each);
    for (const { path, content, executable } of plan.files) {
      const target = join(folders.cwd, path);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, content, { mode: executable === true ? 0o755 : 0o644 });
    }
    const runs: PlanRun[] = [];
    for (const stage of plan.stages) {
      const run = await runStage(stage, folders, options);
      runs.push(run);
      if (run.exitCode !== 0) break;
    }
    const { exitCode, signal } = runs.at(-1) ?? { exitCode: 0, signal: null };
    return {
      exitCode,
      signal,
      stdout: Buffer.concat(runs.map((run) => run.stdout)),
      stderr: Buffer.concat(runs.map((run) => run.stderr)),
    };
  } finally {
    // A toolchain may still be writing there after its program has ended.
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}
