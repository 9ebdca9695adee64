import {
  SoulboxError,
  type LanguageRuntime,
  type LiveAgent,
  type OpenSandbox,
  type PreparedCell,
} from '@soulbox/plugin-sdk';
import type { Config } from './config.ts';
import { endInterpreter, startInterpreter, type Interpreter } from './interpreter.ts';
import { contextLanguage, type ContextLanguage } from './plans.ts';
import type { ContextRecord, ContextRecords } from './records.ts';
import type { RunningCell } from './running-cell.ts';
import { Spares } from './spares.ts';
import { Turns } from './turns.ts';

export interface ContextOrder {
  readonly language: string;
  readonly version?: string | undefined;
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** What this host knows of a context beside its record. */
interface Known {
  readonly turns: Turns;
  /** Where the output of the next cell begins; unknown after a restart of the host. */
  offset: number | undefined;
  cells: number;
  running: RunningCell | undefined;
}

const spareTag = 'context-spare';

/** The contexts of all sandboxes: their interpreters are processes there, which outlive the host. */
export class Contexts {
  readonly #config: Config;
  readonly #records: ContextRecords;
  readonly #languages: ReadonlyMap<string, LanguageRuntime>;
  readonly #spares = new Spares();
  readonly #known = new Map<string, Known>();
  readonly #making = new Map<string, Promise<ContextRecord>>();

  constructor(config: Config, records: ContextRecords, languages: ReadonlyMap<string, LanguageRuntime>) {
    this.#config = config;
    this.#records = records;
    this.#languages = languages;
  }

  /** @throws language_unknown, language_unavailable, unsupported, overloaded, and what a start throws */
  async create(sandbox: OpenSandbox, order: ContextOrder, usual = false): Promise<ContextRecord> {
    const { id } = sandbox.info;
    if ((await this.#records.of(id)).length >= this.#config.contexts)
      throw new SoulboxError('overloaded', `a sandbox has at most ${this.#config.contexts} contexts`, {
        details: { maximum: this.#config.contexts },
      });
    const language = await this.#language(sandbox, order.language, order.version);
    const { process, offset } = await this.#interpreter(sandbox, language, order);
    const record = await this.#records.put({
      sandbox: id,
      language: language.name,
      version: order.version ?? null,
      cwd: order.cwd ?? null,
      env: { ...order.env },
      usual,
      createdAt: new Date().toISOString(),
      process,
    });
    this.#of(record.id).offset = offset;
    return record;
  }

  /** The one for cells of a language that name none, made when the first comes. */
  async usual(sandbox: OpenSandbox, wanted: string): Promise<ContextRecord> {
    const { name } = await this.#language(sandbox, wanted, undefined);
    const key = `${sandbox.info.id} ${name}`;
    const find = async () => {
      const records = await this.#records.of(sandbox.info.id);
      return records.find(({ language, usual }) => usual && language === name);
    };
    const made =
      this.#making.get(key) ?? find().then((found) => found ?? this.create(sandbox, { language: name }, true));
    this.#making.set(key, made);
    try {
      return await made;
    } finally {
      if (this.#making.get(key) === made) this.#making.delete(key);
    }
  }

  get(sandbox: string, id: string): Promise<ContextRecord> {
    return this.#records.get(sandbox, id);
  }

  list(sandbox: string): Promise<readonly ContextRecord[]> {
    return this.#records.of(sandbox);
  }

  async shown(agent: LiveAgent, records: readonly ContextRecord[]) {
    const running = new Set(
      (await agent.processes()).filter(({ state }) => state === 'running').map((process) => process.id),
    );
    return records.map(({ id, sandbox, language, cwd, createdAt, process }) => {
      const busy = this.#known.get(id)?.turns.isBusy === true;
      const state = running.has(process) ? (busy ? 'busy' : 'idle') : 'ended';
      return { id, sandbox, language, cwd, createdAt, process, state } as const;
    });
  }

  /** What a cell of this context is sent as. */
  async prepare(sandbox: OpenSandbox, record: ContextRecord, code: string): Promise<PreparedCell> {
    return (await this.#language(sandbox, record.language, record.version ?? undefined)).prepare(code);
  }

  turns(id: string): Turns {
    return this.#of(id).turns;
  }

  /** Whether a cell runs there, which is interrupted then. */
  interrupt(id: string): boolean {
    const running = this.#known.get(id)?.running;
    running?.interrupt();
    return running !== undefined;
  }

  running(id: string, cell: RunningCell | undefined): void {
    const known = this.#known.get(id);
    if (known) known.running = cell;
  }

  /** A number for the next cell, and where its output begins. @throws process_ended */
  async next(
    agent: LiveAgent,
    { id, process }: ContextRecord,
  ): Promise<{ readonly cell: number; readonly from: number }> {
    const known = this.#of(id);
    if (known.offset === undefined) {
      const found = (await agent.processes()).find((each) => each.id === process);
      if (found?.state !== 'running') throw ended();
      known.offset = found.emitted;
    }
    // Cells of an earlier host may still run: their numbers are not used again.
    known.cells = Math.max(known.cells + 1, Date.now());
    return { cell: known.cells, from: known.offset };
  }

  /** After a cell; `undefined` where the interpreter ended. */
  moved(id: string, offset: number | undefined): void {
    // It may have been deleted meanwhile.
    const known = this.#known.get(id);
    if (known) known.offset = offset;
  }

  /** Another interpreter in its place; cells that wait are refused. */
  async restart(sandbox: OpenSandbox, record: ContextRecord): Promise<ContextRecord> {
    const known = this.#of(record.id);
    known.turns.refuseWaiting();
    await endInterpreter(sandbox.agent, record.process);
    const { cwd, env, version } = record;
    const order = { cwd: cwd ?? undefined, env, version: version ?? undefined };
    const language = await this.#language(sandbox, record.language, order.version);
    const { process, offset } = await this.#interpreter(sandbox, language, order);
    const { id, ...value } = record;
    const restarted = await this.#records.put({ ...value, process }, id);
    known.offset = offset;
    return restarted;
  }

  async remove(agent: LiveAgent, { id, process }: ContextRecord): Promise<void> {
    this.#known.get(id)?.turns.refuseWaiting();
    await endInterpreter(agent, process);
    await this.#records.remove([id]);
    this.#known.delete(id);
  }

  /** Of a sandbox that is gone. */
  async forget(sandbox: string): Promise<void> {
    this.#spares.forget(sandbox);
    const ids = (await this.#records.of(sandbox)).map(({ id }) => id);
    for (const id of ids) this.#known.delete(id);
    await this.#records.remove(ids);
  }

  #language({ info }: OpenSandbox, wanted: string, version: string | undefined): Promise<ContextLanguage> {
    return contextLanguage(this.#languages, info, { name: wanted, version });
  }

  async #interpreter(
    { agent, info }: OpenSandbox,
    { name, plan }: ContextLanguage,
    { version, cwd, env = {} }: Omit<ContextOrder, 'language'>,
  ): Promise<Interpreter> {
    const { startMs, spare } = this.#config;
    const start = (own: typeof env, folder: string | undefined, tag: string) =>
      startInterpreter(agent, { plan, env: { ...info.env, ...own }, cwd: folder, tag, startMs });
    if (!spare) return start(env, cwd, 'context');
    const used = async () => new Set((await this.#records.of(info.id)).map((record) => record.process));
    await this.#spares.endLeft(agent, info.id, spareTag, used);
    const kind = `${name} ${version ?? ''}`;
    const isPlain = cwd === undefined && Object.keys(env).length === 0;
    const waiting = isPlain ? await this.#spares.take(agent, info.id, kind) : undefined;
    const interpreter = waiting ?? (await start(env, cwd, 'context'));
    this.#spares.fill(info.id, kind, () => start({}, undefined, spareTag));
    return interpreter;
  }

  #of(id: string): Known {
    const known = this.#known.get(id) ?? {
      turns: new Turns(this.#config.waiting),
      offset: undefined,
      cells: 0,
      running: undefined,
    };
    this.#known.set(id, known);
    return known;
  }
}

function ended(): SoulboxError {
  return new SoulboxError('process_ended', 'the interpreter has ended; contexts.restart starts another');
}
