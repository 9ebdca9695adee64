import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { ExecutionRequest, LanguageInfo, RunEvent, RunOutcome, RunSpec, StageResult } from '@soulbox/plugin-sdk';
import type { CompileCache } from './compile-cache.ts';

/** What decides what a compiler makes, besides the run itself. */
export interface CompilationFacts {
  readonly request: ExecutionRequest;
  readonly language: LanguageInfo;
  readonly driver: string;
  /** Of the image that the box is made of; absent where the toolchain is the host's. */
  readonly digest?: string;
}

/** A program whose first stage compiles it to one file: that file can stand for the stage, if the compiler said nothing. */
export class Compilation {
  readonly #cache: CompileCache;
  readonly #name: string;
  readonly #spec: RunSpec;
  readonly #pieces: Uint8Array[] = [];
  #made: Buffer | undefined;
  #spoiled = false;
  /** What the driver is to run. */
  readonly spec: RunSpec;
  readonly isCached: boolean;

  private constructor(cache: CompileCache, name: string, spec: RunSpec, made: Buffer | undefined) {
    this.#cache = cache;
    this.#name = name;
    this.#spec = spec;
    this.isCached = made !== undefined;
    this.spec = made === undefined ? spec : withoutCompiler(spec, made);
  }

  /** `undefined` where the first stage keeps nothing, or what it keeps could be something else. */
  static async of(cache: CompileCache, spec: RunSpec, facts: CompilationFacts): Promise<Compilation | undefined> {
    const [first, ...rest] = spec.stages;
    if (first?.keep === undefined || rest.length === 0 || first.stdin) return undefined;
    if (spec.files.some(({ path }) => path === first.keep)) return undefined;
    const name = cache.name(await decisive(spec, facts));
    return new Compilation(cache, name, spec, await cache.find(name));
  }

  /** Looks at what the driver tells. */
  see(event: RunEvent): void {
    if (event.type === 'file') {
      this.#pieces.push(event.data);
      if (event.last) this.#made = Buffer.concat(this.#pieces);
      // What a compiler says is not kept, so that it would be missed.
    } else if (event.type !== 'stage' && this.#made === undefined) this.#spoiled = true;
  }

  /** The outcome with the stage that was left out; keeps what was made. */
  finish(outcome: RunOutcome): RunOutcome {
    if (!this.isCached) {
      if (this.#made && !this.#spoiled) this.#cache.keep(this.#name, this.#made);
      return outcome;
    }
    return { ...outcome, stages: [leftOut(this.#spec.stages[0]?.name ?? ''), ...outcome.stages] };
  }
}

function leftOut(name: string): StageResult {
  const usage = { wallMs: 0, cpuMs: 0, peakMemoryBytes: null };
  return { name, start: 'cached', verdict: 'ok', exitCode: 0, signal: null, usage, limit: null, diagnostics: [] };
}

function withoutCompiler(spec: RunSpec, content: Buffer): RunSpec {
  const [compiler, ...stages] = spec.stages;
  return { ...spec, files: [...spec.files, { path: compiler?.keep ?? '', content, executable: true }], stages };
}

/** Changes when a package of the host's is upgraded, even to one of the same version. */
async function stateOf(paths: readonly string[]): Promise<unknown[]> {
  const states = paths.map(async (path) => {
    const { ino, size, ctimeMs } = await stat(path);
    return [path, ino, size, ctimeMs];
  });
  return Promise.all(states);
}

async function decisive(spec: RunSpec, { request, language, driver, digest }: CompilationFacts): Promise<string> {
  const { argv, env, keep } = spec.stages[0] ?? {};
  const files = spec.files.map(({ path, content, executable = false }) => [
    path,
    executable,
    createHash('sha256').update(content).digest('hex'),
  ]);
  const toolchain = digest ?? (await stateOf(language.paths));
  const variables = Object.entries(env ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const { name, version } = language;
  return JSON.stringify([request.tenant, name, version, driver, toolchain, argv, variables, keep, files, spec.limits]);
}
