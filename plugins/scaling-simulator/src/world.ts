import type { Limits, PoolDemand } from '@soulbox/plugin-sdk';
import { Agenda } from './agenda.ts';
import type { Conduct } from './conduct.ts';
import { programCost, type Costs } from './costs.ts';
import type { Tally } from './tally.ts';
import type { Arrival } from './trace.ts';

/** As a host does it that is not configured. */
const host = { ready: 1, idleMs: 60_000, programs: 2, programIdleMs: 600_000, kinds: 8 };
const limits: Limits = {
  wallMs: 10_000,
  cpuMs: 10_000,
  memoryBytes: 2 ** 28,
  outputBytes: 2 ** 20,
  processes: 64,
  diskBytes: 2 ** 26,
};
const about = { driver: 'simulated', version: '', limits };

/** Programs of one language in one box. */
interface Kind {
  readonly language: string;
  want: number;
  making: number;
  /** Until when each waits. */
  readonly waiting: number[];
  running: number;
  uses: number;
  usedAt: number | null;
}

interface Box {
  readonly id: string;
  tenant: string | null;
  takenAt: number;
  readonly readyAt: number;
  readonly kinds: Map<string, Kind>;
  leases: number;
  idleSince: number;
}

/** The boxes of a host and the programs in them, as the host's own pools treat them, with a policy that decides. */
export class World {
  readonly agenda = new Agenda();
  private readonly conduct: Conduct;
  private readonly costs: Costs;
  private readonly tally: Tally;
  private readonly boxes = new Set<Box>();
  private readonly tenants = new Map<string, Box>();
  /** When each language was used last, the one used last at the end. */
  private readonly known = new Map<string, number>();
  private readonly gone: string[] = [];
  private readonly idleMs: number;
  private made = 0;
  private taken = 0;
  private now: number;

  constructor(from: number, conduct: Conduct, costs: Costs, tally: Tally) {
    this.now = from;
    this.conduct = conduct;
    this.costs = costs;
    this.tally = tally;
    this.idleMs = Math.max(host.idleMs, conduct.reuseMs ?? 0);
  }

  /** Lets happen what is due until then. */
  passTo(at: number): void {
    while (this.agenda.nextAt <= at) {
      this.moveTo(this.agenda.nextAt);
      this.agenda.take()?.();
    }
    this.moveTo(at);
  }

  private moveTo(at: number): void {
    this.tally.passTo(at);
    this.now = at;
  }

  /** What the host does from time to time. */
  async review(): Promise<void> {
    for (const id of this.gone.splice(0)) await this.conduct.gone(id);
    for (const box of [...this.boxes]) {
      if (box.tenant === null) for (const language of this.known.keys()) this.kindOf(box, language);
      for (const kind of [...box.kinds.values()]) await this.settle(box, kind);
    }
    await this.fill();
  }

  async arrive({ language, tenant, runMs }: Arrival): Promise<void> {
    const own = this.tenants.get(tenant);
    const box = own ?? this.takeWaiting(tenant) ?? this.make(tenant);
    const kind = this.kindOf(box, language);
    const { startMs, bytes } = programCost(this.costs, language);
    const boxMs = Math.max(0, box.readyAt - this.now);
    // The one that would wait longest is taken, so that the others can end.
    const isWarm = boxMs === 0 && kind.waiting.pop() !== undefined;
    if (isWarm) this.tally.waiting(-bytes);
    const waitMs = isWarm ? 0 : boxMs + startMs;
    this.tally.execution(this.now, waitMs, !isWarm);
    this.begin(box, kind, bytes, this.now + waitMs + runMs);
    this.known.delete(language);
    this.known.set(language, this.now);
    const [oldest = language] = this.known.keys();
    if (this.known.size > host.kinds) this.known.delete(oldest);
    await this.settle(box, kind);
    if (!own) await this.fill();
  }

  private begin(box: Box, kind: Kind, bytes: number, until: number): void {
    this.tally.running(bytes);
    kind.running += 1;
    kind.uses += 1;
    kind.usedAt = this.now;
    box.leases += 1;
    this.agenda.add(until, () => {
      this.tally.running(-bytes);
      kind.running -= 1;
      box.leases -= 1;
      const { reuseMs } = this.conduct;
      if (reuseMs !== undefined) this.keep(kind, this.now + reuseMs);
      if (box.leases > 0) return;
      box.idleSince = this.now;
      this.agenda.add(this.now + this.idleMs, () => this.endIdle(box));
    });
  }

  private keep(kind: Kind, until: number): void {
    const { bytes } = programCost(this.costs, kind.language);
    kind.waiting.push(until);
    this.tally.waiting(bytes);
    this.agenda.add(until, () => {
      const index = kind.waiting.indexOf(until);
      if (index < 0) return;
      kind.waiting.splice(index, 1);
      this.tally.waiting(-bytes);
    });
  }

  private takeWaiting(tenant: string): Box | undefined {
    for (const box of this.boxes) if (box.tenant === null && box.readyAt <= this.now) return this.give(box, tenant);
    return undefined;
  }

  private give(box: Box, tenant: string): Box {
    box.tenant = tenant;
    box.takenAt = this.now;
    this.taken += 1;
    this.tenants.set(tenant, box);
    return box;
  }

  private make(tenant: string | null): Box {
    const { startMs, bytes } = this.costs.box;
    this.made += 1;
    const times = { takenAt: 0, readyAt: this.now + startMs, idleSince: this.now };
    const box: Box = { id: `box-${this.made}`, tenant: null, kinds: new Map(), leases: 0, ...times };
    this.boxes.add(box);
    this.tally.waiting(bytes);
    return tenant === null ? box : this.give(box, tenant);
  }

  private endIdle(box: Box): void {
    if (box.leases === 0 && this.now - box.idleSince >= this.idleMs) this.end(box);
  }

  private end(box: Box): void {
    if (!this.boxes.delete(box)) return;
    if (box.tenant !== null) this.tenants.delete(box.tenant);
    this.tally.waiting(-this.costs.box.bytes);
    for (const kind of box.kinds.values()) {
      kind.want = 0;
      this.trim(kind);
    }
    this.gone.push(box.id);
  }

  private kindOf(box: Box, language: string): Kind {
    let kind = box.kinds.get(language);
    if (!kind) {
      kind = { language, want: 0, making: 0, waiting: [], running: 0, uses: 0, usedAt: null };
      box.kinds.set(language, kind);
    }
    return kind;
  }

  /** Asks how many should wait, and begins what it takes. */
  private async settle(box: Box, kind: Kind): Promise<void> {
    const { language, running, uses, usedAt } = kind;
    const lastUse = box.tenant === null ? (this.known.get(language) ?? 0) : (usedAt ?? box.takenAt);
    const isIdle = running === 0 && this.now - lastUse > host.programIdleMs;
    const waiting = kind.waiting.length + kind.making;
    const ids = { sandboxId: box.id, tenant: box.tenant };
    const use = { ...about, ...ids, language, waiting, running, uses, usedAt, at: this.now };
    kind.want = await wantOf(this.conduct.programs({ want: isIdle ? 0 : host.programs }, use));
    if (this.conduct.reuseMs !== undefined) return;
    this.trim(kind);
    while (this.boxes.has(box) && kind.waiting.length + kind.making < kind.want) this.start(kind);
  }

  private start(kind: Kind): void {
    const { startMs, bytes } = programCost(this.costs, kind.language);
    kind.making += 1;
    this.tally.waiting(bytes);
    this.agenda.add(this.now + startMs, () => {
      kind.making -= 1;
      kind.waiting.push(Infinity);
      this.trim(kind);
    });
  }

  private trim(kind: Kind): void {
    const { bytes } = programCost(this.costs, kind.language);
    while (kind.waiting.length > kind.want) {
      kind.waiting.pop();
      this.tally.waiting(-bytes);
    }
  }

  private async fill(): Promise<void> {
    const waiting = [...this.boxes].filter(({ tenant }) => tenant === null);
    const use = { driver: about.driver, image: null, ready: waiting.length, assigned: this.tenants.size };
    const times = { taken: this.taken, at: this.now };
    const want = await wantOf(this.conduct.boxes({ want: host.ready }, { ...use, ...times }));
    for (const box of waiting.slice(want)) this.end(box);
    for (let count = waiting.length; count < want; count++) {
      const box = this.make(null);
      for (const language of this.known.keys()) await this.settle(box, this.kindOf(box, language));
    }
  }
}

/** Only what takes time is waited for. */
async function wantOf(answer: PoolDemand | Promise<PoolDemand>): Promise<number> {
  return 'want' in answer ? answer.want : (await answer).want;
}
