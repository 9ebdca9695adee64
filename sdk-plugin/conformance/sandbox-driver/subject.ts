import assert from 'node:assert/strict';
import type {
  BoxFile,
  DriverReport,
  Limits,
  RunEvent,
  RunOutcome,
  RunSpec,
  SandboxDriver,
  SandboxInfo,
  Stage,
} from '@soulbox/plugin-sdk';

const mebibyte = 1024 * 1024;

/** Small enough to be reached soon, large enough for a shell. */
const ampleLimits: Limits = {
  wallMs: 20_000,
  cpuMs: 20_000,
  memoryBytes: 64 * mebibyte,
  outputBytes: 4 * mebibyte,
  processes: 16,
  diskBytes: 8 * mebibyte,
};

export interface Program {
  readonly script?: string;
  readonly args?: readonly string[];
  readonly stages?: readonly Stage[];
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: readonly BoxFile[];
  readonly limits?: Partial<Limits>;
  readonly stdin?: AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal;
  /** Another box than the shared one. */
  readonly box?: string;
}

export interface Finished {
  readonly stages: readonly string[];
  readonly stdout: string;
  readonly stderr: string;
  readonly outcome: RunOutcome;
}

/** The driver under test, its report, and one box that most tests share. */
export class Subject {
  readonly #shell: string;
  readonly #paths: readonly string[];
  #driver: SandboxDriver | undefined;
  #report: DriverReport | undefined;
  #box: SandboxInfo | undefined;
  #runs = 0;

  constructor(shell: string, paths: readonly string[]) {
    this.#shell = shell;
    this.#paths = paths;
  }

  async use(driver: SandboxDriver): Promise<void> {
    this.#driver = driver;
    this.#report = await driver.probe({ signal: new AbortController().signal });
    assert.ok(this.#report.available, `the driver is not available: ${this.#report.reason}`);
    this.#box = await this.createBox();
  }

  async release(): Promise<void> {
    if (this.#box) await this.driver.destroy(this.#box.id);
  }

  get paths(): readonly string[] {
    return this.#paths;
  }

  get driver(): SandboxDriver {
    assert.ok(this.#driver);
    return this.#driver;
  }

  get report(): DriverReport {
    assert.ok(this.#report);
    return this.#report;
  }

  get box(): SandboxInfo {
    assert.ok(this.#box);
    return this.#box;
  }

  createBox(labels: Readonly<Record<string, string>> = {}): Promise<SandboxInfo> {
    return this.driver.create({ paths: this.#paths, labels }, { signal: new AbortController().signal });
  }

  /** A stage that runs a script of the shell; `args` are its `$1` and so on. */
  stage(script: string, over: Partial<Stage> & { readonly args?: readonly string[] } = {}): Stage {
    const { args = [], ...rest } = over;
    return { name: 'run', argv: [this.#shell, '-c', script, 'sh', ...args], env: {}, stdin: true, ...rest };
  }

  /** The id of the run that was started last. */
  get lastRun(): string {
    return `conformance-${this.#runs}`;
  }

  get shell(): string {
    return this.#shell;
  }

  start(program: Program): AsyncIterable<RunEvent> {
    const { script = ':', args = [], env = {}, files = [], stdin, signal = new AbortController().signal } = program;
    const spec: RunSpec = {
      id: `conformance-${++this.#runs}`,
      files,
      stages: program.stages ?? [this.stage(script, { args, env })],
      limits: { ...ampleLimits, ...program.limits },
    };
    return this.driver.run(program.box ?? this.box.id, spec, { signal, ...(stdin ? { stdin } : {}) });
  }

  run(program: Program): Promise<Finished> {
    return finish(this.start(program));
  }
}

/** Reads a run to its end, and asserts that `end` comes exactly once and last. Output as Latin-1: a byte, a character. */
export async function finish(events: AsyncIterable<RunEvent>): Promise<Finished> {
  const text = { stdout: '', stderr: '' };
  const stages: string[] = [];
  let outcome: RunOutcome | undefined;
  for await (const event of events) {
    assert.equal(outcome, undefined, 'an event came after the end');
    if (event.type === 'end') outcome = event.outcome;
    else if (event.type === 'stage') stages.push(event.name);
    else if (event.type !== 'file') text[event.type] += Buffer.from(event.data).toString('latin1');
  }
  assert.ok(outcome, 'the run ended without an end event');
  return { stages, ...text, outcome };
}

/** Reads a run up to its first output, and returns the rest. */
export async function started(events: AsyncIterable<RunEvent>): Promise<AsyncIterable<RunEvent>> {
  const iterator = events[Symbol.asyncIterator]();
  for (let event = await iterator.next(); event.value?.type !== 'stdout'; event = await iterator.next())
    assert.ok(!event.done, 'the run ended without output');
  return { [Symbol.asyncIterator]: () => iterator };
}
