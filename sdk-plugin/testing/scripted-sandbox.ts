import { setTimeout as sleep } from 'node:timers/promises';
import {
  definePlugin,
  LanguageRuntime,
  SandboxDriver,
  SoulboxError,
  type DriverReport,
  type Enforcement,
  type Plugin,
  type RunEvent,
  type RunOptions,
  type RunOutcome,
  type RunSpec,
  type SandboxInfo,
  type SandboxSpec,
  type Verdict,
  type WarmDemand,
  type WarmProgram,
} from '../src/index.ts';

const enforced: Enforcement = {
  level: 'standard',
  namespaces: 'scripted',
  user: 'scripted',
  filesystem: 'scripted',
  network: 'none',
  seccomp: 'scripted',
  memory: 'scripted',
  processes: 'scripted',
  cpu: 'scripted',
  disk: 'scripted',
  output: 'scripted',
  wall: 'scripted',
};

type Ending = Pick<RunOutcome, 'verdict' | 'exitCode' | 'signal'>;
const endings: Readonly<Record<string, Ending>> = {
  lose: { verdict: 'lost', exitCode: null, signal: null },
  crash: { verdict: 'signal', exitCode: null, signal: 'SIGSEGV' },
};
const cancelled: Ending = { verdict: 'cancelled', exitCode: null, signal: null };

/**
 * Runs no program at all: plays scripts, so that everything around a sandbox can be tested without one. A script has a
 * line for each step: `out TEXT`, `err TEXT`, `bytes HEX`, `sleep MS`, `stdin` (echoes its input), `env NAME`,
 * `exit CODE`, `lose` (the box dies), `crash`, `throw` (the driver fails).
 */
export class ScriptedDriver implements SandboxDriver {
  report: DriverReport = { available: true, reason: null, enforced, capabilities: [], advice: [] };
  /** Every box ever made, for assertions. */
  readonly created: SandboxSpec[] = [];
  readonly destroyed: string[] = [];
  readonly ran: RunSpec[] = [];
  /** What it was asked to have waiting, in order; no program ever does. Asked for with the capability `warm` in {@link report}. */
  readonly warmed: ({ readonly sandboxId: string } & WarmDemand)[] = [];
  private readonly boxes = new Map<string, SandboxInfo>();

  probe(): Promise<DriverReport> {
    return Promise.resolve(this.report);
  }

  create(spec: SandboxSpec): Promise<SandboxInfo> {
    this.created.push(spec);
    const info: SandboxInfo = {
      id: `scripted-${this.created.length}`,
      state: 'running',
      createdAt: new Date().toISOString(),
      labels: spec.labels,
    };
    this.boxes.set(info.id, info);
    return Promise.resolve(info);
  }

  destroy(id: string): Promise<void> {
    if (this.boxes.delete(id)) this.destroyed.push(id);
    return Promise.resolve();
  }

  list(): Promise<readonly SandboxInfo[]> {
    return Promise.resolve([...this.boxes.values()]);
  }

  async warm(id: string, demand: WarmDemand): Promise<void> {
    if (!this.boxes.has(id)) throw new SoulboxError('not_found', `there is no sandbox ${id}`);
    this.warmed.push({ sandboxId: id, ...demand });
  }

  reconcile(): Promise<number> {
    return Promise.resolve(0);
  }

  async *run(id: string, spec: RunSpec, options: RunOptions): AsyncIterable<RunEvent> {
    if (!this.boxes.has(id)) throw new SoulboxError('not_found', `there is no sandbox ${id}`);
    this.ran.push(spec);
    yield { type: 'stage', name: 'run' };
    let ending: Ending = { verdict: 'ok', exitCode: 0, signal: null };
    for await (const step of play(spec, options)) {
      if ('verdict' in step) ending = step;
      else yield step;
    }
    const usage = { wallMs: 1, cpuMs: 1, peakMemoryBytes: 1_024 };
    const stage = { name: 'run', ...ending, usage, limit: null, diagnostics: [] };
    yield {
      type: 'end',
      outcome: { ...ending, stages: [stage], truncated: { stdout: false, stderr: false }, enforced },
    };
  }
}

async function* play(spec: RunSpec, { stdin, signal }: RunOptions): AsyncIterable<RunEvent | Ending> {
  const script = Buffer.from(spec.files[0]?.content ?? []).toString('utf8');
  const output = (type: 'stdout' | 'stderr', data: Uint8Array): RunEvent => ({ type, data });
  for (const line of script.split('\n')) {
    if (signal.aborted) break;
    const [step = '', rest] = [line.split(' ', 1)[0], line.slice(line.indexOf(' ') + 1)];
    if (step === 'out') yield output('stdout', Buffer.from(`${rest}\n`));
    else if (step === 'err') yield output('stderr', Buffer.from(`${rest}\n`));
    else if (step === 'bytes') yield output('stdout', Buffer.from(rest, 'hex'));
    else if (step === 'env') yield output('stdout', Buffer.from(`${spec.stages[0]?.env[rest] ?? ''}\n`));
    else if (step === 'stdin') for await (const data of stdin ?? []) yield output('stdout', data);
    else if (step === 'sleep') await sleep(Number(rest), undefined, { signal }).catch(() => undefined);
    else if (step === 'throw') throw new Error('the scripted driver fails as told');
    else if (step === 'exit') {
      yield { verdict: (rest === '0' ? 'ok' : 'exit') satisfies Verdict, exitCode: Number(rest), signal: null };
      return;
    } else if (Object.hasOwn(endings, step)) {
      yield endings[step] ?? cancelled;
      return;
    }
  }
  if (signal.aborted) yield cancelled;
}

const waitingScript: WarmProgram = { kind: 'start', argv: ['/script', '--wait'], env: {}, startVariables: [] };

/** The language of {@link ScriptedDriver}, named `script`. A script that begins with `malformed` does not compile. */
const runtime: LanguageRuntime = {
  describe: () =>
    Promise.resolve({
      name: 'script',
      aliases: ['scr'],
      extensions: ['.script'],
      version: '1.0.0',
      available: true,
      reason: null,
      paths: [],
      canary: { code: 'out canary', stdout: 'canary\n' },
    }),
  plan: ({ files }) => {
    const content = files[0]?.content ?? new Uint8Array();
    const diagnostics = [{ file: 'main.script', line: 1, column: 1, message: 'malformed' }];
    if (Buffer.from(content).toString('utf8').startsWith('malformed'))
      return Promise.resolve({ ok: false, message: 'main.script:1:1: malformed\n', diagnostics });
    return Promise.resolve({
      ok: true,
      files: [{ path: 'main.script', content }],
      stages: [{ name: 'run', argv: ['/script'], env: {}, warm: waitingScript }],
    });
  },
};

/** A plugin with a scripted driver and its language. */
export function scriptedSandbox(driver: ScriptedDriver = new ScriptedDriver()): Plugin {
  return definePlugin({
    id: 'scripted-sandbox',
    provides: [SandboxDriver, LanguageRuntime],
    setup(context) {
      context.provide(SandboxDriver, driver, 'scripted');
      context.provide(LanguageRuntime, runtime, 'script');
    },
  });
}
