import { warmProgramKey, type Limits, type WarmProgram } from '@soulbox/plugin-sdk';
import { BoxPrograms, maxKinds, type BoxProgramsParts, type KnownProgram } from './box-programs.ts';

/** What an execution could take from those that wait, instead of starting programs of its own. */
export interface WarmableUse {
  readonly language: string;
  /** Of the toolchain. */
  readonly version: string;
  readonly programs: readonly WarmProgram[];
  readonly limits: Limits;
}

export interface WarmProgramsParts extends BoxProgramsParts {
  /** Of executions that do not ask for any: those that a tenant's first is expected to have. */
  readonly limits: Limits;
}

/**
 * The programs that wait in the boxes of one pool. In a box that waits for a tenant itself wait those that were used
 * lately in any box, so that a tenant's first execution need not start its own. Never blocks and never throws.
 */
export class WarmPrograms {
  private readonly parts: WarmProgramsParts;
  private readonly boxes = new Map<string, BoxPrograms>();
  /** The one used last at the end. */
  private readonly known = new Map<string, KnownProgram>();

  constructor(parts: WarmProgramsParts) {
    this.parts = parts;
  }

  private get isOff(): boolean {
    const { chosen, settings } = this.parts;
    return settings.warmPrograms === 0 || !chosen.driver.warm || !chosen.report.capabilities.includes('warm');
  }

  /** A box waits for a tenant. */
  boxReady(sandboxId: string): void {
    if (this.isOff) return;
    const box = this.boxOf(sandboxId);
    this.expectKnown(box);
  }

  /** A box that waited is a tenant's from now on. */
  boxTaken(sandboxId: string, tenant: string): void {
    this.boxes.get(sandboxId)?.take(tenant);
  }

  /** One box of a tenant takes the place of another: what waits there shall wait here. */
  boxReplaced(from: string, to: string): void {
    const old = this.boxes.get(from);
    if (old) old.handOver(this.boxOf(to));
  }

  /** A tenant's execution uses programs in its box. The function returned says that it has ended. */
  used(sandboxId: string, tenant: string, { language, version, programs, limits }: WarmableUse): () => void {
    if (this.isOff || programs.length === 0) return () => {};
    const box = this.boxOf(sandboxId);
    box.take(tenant);
    const ends = programs.map((program) => box.use(this.know(language, version, program), limits));
    return () => {
      for (const end of ends) end();
    };
  }

  boxGone(sandboxId: string): void {
    this.boxes.get(sandboxId)?.end();
    this.boxes.delete(sandboxId);
  }

  private boxOf(sandboxId: string): BoxPrograms {
    let box = this.boxes.get(sandboxId);
    if (!box) this.boxes.set(sandboxId, (box = new BoxPrograms(this.parts, sandboxId)));
    return box;
  }

  private know(language: string, version: string, program: WarmProgram): KnownProgram {
    const key = warmProgramKey(program);
    const present = this.known.get(key);
    const known = present ?? { language, version, program, usedAt: 0 };
    known.usedAt = Date.now();
    this.known.delete(key);
    this.known.set(key, known);
    if (present) return known;
    const [oldest = key] = this.known.keys();
    if (this.known.size > maxKinds) this.known.delete(oldest);
    for (const box of this.boxes.values()) if (!box.isTaken) box.expect(known, this.parts.limits);
    return known;
  }

  /** Also those that have been out of use for long: whoever foresees their use can have them wait. */
  private expectKnown(box: BoxPrograms): void {
    for (const known of this.known.values()) box.expect(known, this.parts.limits);
  }

  /** Looks at every number again: time alone changes what should wait. */
  review(): void {
    for (const box of this.boxes.values()) {
      if (!box.isTaken) this.expectKnown(box);
      box.review();
    }
  }
}
