import type { Logger } from 'pino';
import { SoulboxError, warmProgramKey, type Limits, type ProgramUse, type WarmProgram } from '@soulbox/plugin-sdk';
import type { Config } from '../config/schema.ts';
import { withDeadline } from '../deadline.ts';
import type { HookBus } from '../hooks/hook-bus.ts';
import { Recurrence } from '../measure/recurrence.ts';
import type { ChosenDriver } from './registry.ts';

/** A program that has been used in some box of a pool. */
export interface KnownProgram {
  readonly language: string;
  readonly version: string;
  readonly program: WarmProgram;
  /** When it was last used in any box, in milliseconds since the epoch. */
  usedAt: number;
}

export interface BoxProgramsParts {
  readonly chosen: ChosenDriver;
  readonly hooks: HookBus;
  readonly settings: Config['sandbox'];
  readonly log: Logger;
}

interface Entry {
  readonly known: KnownProgram;
  readonly limits: Limits;
  running: number;
  uses: number;
  /** When it was last used in this box. */
  usedAt: number | null;
  /** How many the driver was told of last. */
  waiting: number;
  /** Others were used later, and a box holds only so many kinds. */
  evicted: boolean;
  /** Something happened since the number was last thought about. */
  stale: boolean;
  settling: boolean;
  /** The driver failed since the last look: it is not asked again before the next. */
  failed: boolean;
}

/** So many kinds of program, each with its limits, wait in one box at most. */
export const maxKinds = 8;

/** The programs that wait in one box: how many of each should, and what its driver was told. Never throws. */
export class BoxPrograms {
  private readonly parts: BoxProgramsParts;
  private readonly sandboxId: string;
  /** By program and limits, the one used last at the end. */
  private readonly entries = new Map<string, Entry>();
  private readonly failing = new Recurrence();
  private tenant: string | null = null;
  private takenAt = 0;
  private gone = false;

  constructor(parts: BoxProgramsParts, sandboxId: string) {
    this.parts = parts;
    this.sandboxId = sandboxId;
  }

  get isTaken(): boolean {
    return this.tenant !== null;
  }

  /** From now on it is the box of a tenant. */
  take(tenant: string): void {
    this.tenant ??= tenant;
    this.takenAt ||= Date.now();
  }

  /** Has a program wait that nobody has used here yet. */
  expect(known: KnownProgram, limits: Limits): void {
    const key = keyOf(known.program, limits);
    if (!this.entries.has(key)) this.settle(key, this.add(key, known, limits));
  }

  /** An execution uses a program. The function returned says that it has ended. */
  use(known: KnownProgram, limits: Limits): () => void {
    const key = keyOf(known.program, limits);
    const entry = this.entries.get(key) ?? this.add(key, known, limits);
    // To the end of the line of those to be given up.
    this.entries.delete(key);
    this.entries.set(key, entry);
    entry.evicted = false;
    entry.running += 1;
    entry.uses += 1;
    entry.usedAt = Date.now();
    this.settle(key, entry);
    return () => {
      entry.running -= 1;
    };
  }

  /** Looks at every number again: time alone changes what should wait. */
  review(): void {
    for (const [key, entry] of this.entries) {
      entry.failed = false;
      this.settle(key, entry);
    }
  }

  /** What is expected here is expected in another box of the same tenant as well. */
  handOver(next: BoxPrograms): void {
    if (this.tenant !== null) next.take(this.tenant);
    for (const { known, limits } of this.entries.values()) next.expect(known, limits);
  }

  /** The box is no more, and there is nobody to tell. */
  end(): void {
    this.gone = true;
    this.entries.clear();
  }

  private add(key: string, known: KnownProgram, limits: Limits): Entry {
    const idle = {
      running: 0,
      uses: 0,
      usedAt: null,
      waiting: 0,
      evicted: false,
      stale: false,
      settling: false,
      failed: false,
    };
    const entry: Entry = { known, limits, ...idle };
    this.entries.set(key, entry);
    const present = [...this.entries].filter(([, { evicted }]) => !evicted);
    for (const [oldKey, old] of present.slice(0, Math.max(0, present.length - maxKinds))) {
      old.evicted = true;
      this.settle(oldKey, old);
    }
    return entry;
  }

  /** Brings what waits in line with what should, off the path of whoever asks. */
  private settle(key: string, entry: Entry): void {
    entry.stale = true;
    if (entry.settling || entry.failed) return;
    entry.settling = true;
    setImmediate(() => {
      void this.settleNow(key, entry).finally(() => (entry.settling = false));
    });
  }

  private async settleNow(key: string, entry: Entry): Promise<void> {
    try {
      while (entry.stale && !this.gone) {
        entry.stale = false;
        const want = await this.wanted(entry);
        if (want !== entry.waiting && !this.gone) await this.tell(entry, want);
        if (want === 0 && entry.running === 0 && !entry.stale) this.entries.delete(key);
      }
    } catch (thrown) {
      entry.failed = true;
      if (this.gone || !this.failing.worthTelling()) return;
      this.parts.log.warn({ err: thrown, sandbox: this.sandboxId }, 'no programs could be made to wait');
    }
  }

  private async wanted(entry: Entry): Promise<number> {
    if (entry.evicted) return 0;
    const { hooks, settings, chosen } = this.parts;
    const lastUse = this.tenant === null ? entry.known.usedAt : (entry.usedAt ?? this.takenAt);
    const at = Date.now();
    const isIdle = entry.running === 0 && at - lastUse > settings.warmIdleMs;
    const usual = { want: isIdle ? 0 : settings.warmPrograms };
    if (!hooks.tapped('scaling.programs')) return usual.want;
    const { tenant, sandboxId } = this;
    const { limits, waiting, running, uses, usedAt } = entry;
    const { language, version } = entry.known;
    const use: ProgramUse = {
      driver: chosen.name,
      sandboxId,
      tenant,
      language,
      version,
      limits,
      waiting,
      running,
      uses,
      usedAt,
      at,
    };
    return (await hooks.call('scaling.programs', usual, use)).want;
  }

  private async tell(entry: Entry, count: number): Promise<void> {
    const { chosen, settings } = this.parts;
    const demand = { program: entry.known.program, limits: entry.limits, count };
    const late = () => new SoulboxError('plugin_timeout', `the driver did not answer within ${settings.probeMs} ms`);
    const telling = Promise.resolve(chosen.driver.warm?.(this.sandboxId, demand));
    await withDeadline(telling, settings.probeMs, late);
    entry.waiting = count;
  }
}

function keyOf(program: WarmProgram, limits: Limits): string {
  return JSON.stringify([warmProgramKey(program), limits]);
}
