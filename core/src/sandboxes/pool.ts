import type { Logger } from 'pino';
import { SoulboxError, toSoulboxError, type SandboxInfo, type SandboxSpec } from '@soulbox/plugin-sdk';
import type { Config } from '../config/schema.ts';
import { withDeadline } from '../deadline.ts';
import type { HookBus } from '../hooks/hook-bus.ts';
import { Recurrence } from '../measure/recurrence.ts';
import type { ChosenDriver } from './registry.ts';
import { WarmPrograms, type WarmableUse, type WarmProgramsParts } from './warm-programs.ts';

type EndReason = 'request' | 'idle' | 'outdated' | 'failed';

/** A box in use by one tenant, or waiting for its first. */
interface Box {
  readonly info: SandboxInfo;
  readonly generation: number;
  tenant: string | undefined;
  leases: number;
  readonly madeAt: number;
  /** Leases of it so far. */
  uses: number;
  /** Another is being made to take its place. */
  renewing: boolean;
  /** No longer handed out; goes when its last lease ends. */
  retired: EndReason | undefined;
  idle: NodeJS.Timeout | undefined;
}

/** What boxes are made of, besides what their driver gives to all. */
export interface BoxBase {
  readonly paths: readonly string[];
  readonly image?: string;
}

/** A box that a tenant has, as the tenant may know it. */
export interface TenantBox {
  readonly info: SandboxInfo;
  readonly chosen: ChosenDriver;
  /** Executions in it now. */
  readonly leases: number;
}

/** The right to run in a box. `release(false)` says that the box is broken. */
export interface BoxLease {
  readonly sandboxId: string;
  readonly image: SandboxInfo['image'];
  /** Says what will be run under this lease, so that programs wait for the next. */
  uses(use: WarmableUse): void;
  release(healthy: boolean): void;
}

export interface BoxPoolParts extends WarmProgramsParts {
  readonly base: BoxBase;
  /** Whether boxes are made ahead of need. */
  readonly ahead: boolean;
}

/** How often what only time changes is looked at: demand that is foreseen, age, idleness. */
const reviewMs = 5_000;

/**
 * Boxes of one driver: each belongs to one tenant for its whole life, and a few wait ready for tenants that have none.
 * How many wait, and which tenants keep theirs, is asked of the hook `scaling.signal` after every change.
 */
export class BoxPool {
  private readonly chosen: ChosenDriver;
  private readonly hooks: HookBus;
  private readonly settings: Config['sandbox'];
  private readonly log: Logger;
  private readonly boxes = new Set<Box>();
  private readonly making = new Map<string, Promise<void>>();
  private readonly ends = new Set<Promise<void>>();
  private readonly abort = new AbortController();
  private readonly programs: WarmPrograms;
  private readonly ahead: boolean;
  private readonly reviewing: NodeJS.Timeout;
  private readonly failing = new Recurrence();
  private base: BoxBase;
  private kept: ReadonlySet<string> = new Set();
  private taken = 0;
  private generation = 0;
  private filling: Promise<void> = Promise.resolve();
  private lastWant = 0;

  constructor(parts: BoxPoolParts) {
    this.chosen = parts.chosen;
    this.hooks = parts.hooks;
    this.settings = parts.settings;
    this.log = parts.log;
    this.base = parts.base;
    this.ahead = parts.ahead;
    this.reviewing = setInterval(() => this.review(), reviewMs).unref();
    this.programs = new WarmPrograms(parts);
  }

  /** The boxes that are there, in use or not. */
  get size(): number {
    return this.boxes.size + this.making.size;
  }

  boxesOf(tenant: string): TenantBox[] {
    const own = [...this.boxes].filter((box) => box.tenant === tenant);
    return own.map(({ info, leases }) => ({ info, chosen: this.chosen, leases }));
  }

  /** Changes what boxes are made of; present ones are replaced as they become free. */
  setBase(base: BoxBase): void {
    if (base === this.base || JSON.stringify(base) === JSON.stringify(this.base)) return;
    this.base = base;
    this.generation += 1;
    for (const box of this.boxes) this.retire(box, 'outdated');
    this.refill();
  }

  /**
   * A box for a tenant: its own, or one that waits ready, or a new one. It has all `paths`, also those that the pool has
   * not, or no more: a language may just be away while its plugin is replaced.
   * @throws sandbox_unavailable, draining
   */
  async acquire(tenant: string, paths: readonly string[] = []): Promise<BoxLease> {
    for (let isNew = false; ; isNew = true) {
      if (this.abort.signal.aborted) throw new SoulboxError('draining', 'the host takes its sandboxes away');
      // A box that is not retired is made of just what the pool's are now.
      if (!hasAll(this.base, paths)) this.setBase({ ...this.base, paths: union(this.base.paths, paths) });
      const found = this.find((box) => box.tenant === tenant) ?? this.find((box) => box.tenant === undefined);
      if (found) {
        const lease = this.lease(found, tenant);
        if (found.tenant === undefined) {
          found.tenant = tenant;
          this.taken += 1;
          this.programs.boxTaken(found.info.id, tenant);
          this.refill();
        }
        if (isNew || found.leases > 1 || (await this.isAlive(found))) return lease;
        lease.release(false);
      }
      if (!this.making.has(tenant)) this.taken += 1;
      // The box made may be outdated already: then it is gone, and the search begins again.
      await this.makeFor(tenant);
    }
  }

  /** Whether a box that nothing ran in is still there: it may have died meanwhile. A driver that fails to say is no proof. */
  private async isAlive({ info }: Box): Promise<boolean> {
    try {
      const boxes = await this.chosen.driver.list();
      return boxes.some(({ id, state }) => id === info.id && state !== 'exited');
    } catch (thrown) {
      this.log.warn({ err: thrown, sandbox: info.id }, 'a driver did not tell of its sandboxes');
      return true;
    }
  }

  /** Counts the lease in the same turn in which the box was found, so that nothing can retire it in between. */
  private lease(box: Box, tenant: string): BoxLease {
    clearTimeout(box.idle);
    box.leases += 1;
    box.uses += 1;
    let released = false;
    let ended = () => {};
    return {
      sandboxId: box.info.id,
      image: box.info.image,
      uses: (use) => {
        if (!box.retired) ended = this.programs.used(box.info.id, tenant, use);
      },
      release: (healthy) => {
        if (released) return;
        released = true;
        ended();
        this.release(box, healthy);
      },
    };
  }

  /** However many of a tenant's executions wait for a box, one is made. */
  private async makeFor(tenant: string): Promise<void> {
    let making = this.making.get(tenant);
    if (!making) {
      making = this.make(tenant).finally(() => this.making.delete(tenant));
      this.making.set(tenant, making);
    }
    await making;
    this.refill();
  }

  private find(fits: (box: Box) => boolean): Box | undefined {
    for (const box of this.boxes) if (!box.retired && fits(box)) return box;
    return undefined;
  }

  private async make(tenant: string | undefined): Promise<void> {
    const { name } = this.chosen;
    const generation = this.generation;
    const spec: SandboxSpec = await this.hooks.call('sandbox.creating', { ...this.base, labels: {} }, { driver: name });
    const info = await this.create(spec);
    const fresh = { leases: 0, madeAt: performance.now(), uses: 0, renewing: false } as const;
    const box: Box = { info, generation, tenant, ...fresh, retired: undefined, idle: undefined };
    this.boxes.add(box);
    // Something changed, or the pool was closed, while it was being made.
    if (generation !== this.generation) this.retire(box, 'outdated');
    if (this.abort.signal.aborted) this.retire(box, 'request');
    if (!box.retired) this.ready(box);
    await this.hooks.call('sandbox.created', { sandbox: info, driver: name });
  }

  /** From here on someone may use it, but nobody does yet. */
  private ready(box: Box): void {
    const { info, tenant } = box;
    if (tenant === undefined || this.kept.has(tenant)) this.programs.boxReady(info.id);
    if (tenant === undefined) return;
    this.programs.boxTaken(info.id, tenant);
    this.rest(box, tenant);
  }

  private rest(box: Box, tenant: string): void {
    if (this.kept.has(tenant)) return;
    box.idle = setTimeout(() => this.retire(box, 'idle'), this.settings.idleMs);
    box.idle.unref();
  }

  private async create(spec: SandboxSpec): Promise<SandboxInfo> {
    const { driver } = this.chosen;
    const { probeMs } = this.settings;
    const overdue = new AbortController();
    const creating = driver.create(spec, { signal: AbortSignal.any([this.abort.signal, overdue.signal]) });
    const late = () => {
      overdue.abort();
      // A driver that pays no heed to the signal: what it makes after all belongs to nobody.
      void creating.then((info) => driver.destroy(info.id)).catch(() => undefined);
      return new SoulboxError('sandbox_unavailable', `no sandbox was made within ${probeMs} ms`);
    };
    return withDeadline(creating, probeMs, late);
  }

  private release(box: Box, healthy: boolean): void {
    box.leases -= 1;
    if (!healthy) this.retire(box, 'failed');
    if (box.leases > 0) return;
    if (box.retired) this.end(box, box.retired);
    else if (box.tenant !== undefined) this.rest(box, box.tenant);
  }

  private review(): void {
    this.programs.review();
    for (const box of this.boxes) if (!box.retired && this.isWorn(box)) this.renew(box);
    if (this.lastWant > 0 || this.hooks.tapped('scaling.signal')) this.refill();
  }

  private isWorn({ madeAt, uses }: Box): boolean {
    return uses >= this.settings.maxUses || performance.now() - madeAt >= this.settings.maxAgeMs;
  }

  /** Takes a box away, that of a tenant only when another stands in its place: nobody waits for it. */
  private renew(box: Box): void {
    const { tenant } = box;
    if (tenant === undefined) return this.retire(box, 'outdated');
    if (box.renewing) return;
    box.renewing = true;
    void this.replace(box, tenant).finally(() => (box.renewing = false));
  }

  private async replace(box: Box, tenant: string): Promise<void> {
    try {
      await this.makeFor(tenant);
    } catch (thrown) {
      return this.tellFailure(thrown);
    }
    const next = this.find((other) => other.tenant === tenant && other !== box);
    if (next) this.programs.boxReplaced(box.info.id, next.info.id);
    this.retire(box, 'outdated');
  }

  private retire(box: Box, reason: EndReason): void {
    box.retired ??= reason;
    if (box.leases === 0) this.end(box, box.retired);
  }

  private end(box: Box, reason: EndReason): void {
    if (!this.boxes.delete(box)) return;
    clearTimeout(box.idle);
    this.programs.boxGone(box.info.id);
    const ending = this.destroy(box, reason).finally(() => this.ends.delete(ending));
    this.ends.add(ending);
    this.refill();
  }

  private async destroy(box: Box, reason: EndReason): Promise<void> {
    const { driver, name } = this.chosen;
    try {
      const late = () => new SoulboxError('plugin_timeout', 'the sandbox was not destroyed in time');
      await withDeadline(driver.destroy(box.info.id), this.settings.probeMs, late);
    } catch (error) {
      this.log.error({ err: error, sandbox: box.info.id }, 'a sandbox could not be destroyed');
    }
    await this.hooks.call('sandbox.destroyed', { id: box.info.id, driver: name, reason });
  }

  /** Makes boxes until as many wait as wanted, or ends those beyond it. Runs one at a time, off every request's path. */
  private refill(): void {
    if (this.abort.signal.aborted) return;
    this.filling = this.filling.then(() => this.fill()).catch((thrown: unknown) => this.tellFailure(thrown));
  }

  private tellFailure(thrown: unknown): void {
    // Once closed, a box that is given up half-made is as it should be.
    if (this.abort.signal.aborted || !this.failing.worthTelling()) return;
    this.log.warn({ err: toSoulboxError(thrown) }, 'no sandbox could be made ready ahead of need');
  }

  /** Resolves when as many boxes wait as are wanted now. */
  async warm(): Promise<void> {
    this.refill();
    await this.filling;
  }

  private async fill(): Promise<void> {
    if (!this.ahead) return;
    const waiting = () => [...this.boxes].filter((box) => box.tenant === undefined && !box.retired);
    const assigned = [...this.boxes].filter((box) => box.tenant !== undefined).length;
    const driver = this.chosen.name;
    const { base, taken } = this;
    const use = { driver, image: base.image ?? null, ready: waiting().length, assigned, taken, at: Date.now() };
    const { want, keep = [] } = await this.hooks.call('scaling.signal', { want: this.settings.ready }, use);
    this.keepFor(new Set(keep));
    for (const box of waiting().slice(want)) this.retire(box, 'idle');
    while (waiting().length < want && !this.abort.signal.aborted) await this.make(undefined);
    for (const tenant of this.kept)
      if (!this.abort.signal.aborted && !this.find((box) => box.tenant === tenant)) await this.makeFor(tenant);
    if (want !== this.lastWant) {
      const from = this.lastWant;
      this.lastWant = want;
      await this.hooks.call('scaling.changed', { driver, from, to: want });
    }
  }

  /** The boxes of `tenants` stay, used or not; those of others go when they are not used. */
  private keepFor(tenants: ReadonlySet<string>): void {
    const before = this.kept;
    this.kept = tenants;
    for (const box of this.boxes) {
      if (box.tenant === undefined || box.leases > 0 || before.has(box.tenant) === tenants.has(box.tenant)) continue;
      clearTimeout(box.idle);
      this.rest(box, box.tenant);
    }
  }

  /** Takes every box away. Never rejects. */
  async close(): Promise<void> {
    this.abort.abort();
    clearInterval(this.reviewing);
    await Promise.allSettled([this.filling, ...this.making.values()]);
    for (const box of this.boxes) {
      box.retired = 'request';
      this.end(box, 'request');
    }
    await Promise.allSettled(this.ends);
  }
}

function hasAll(base: BoxBase, paths: readonly string[]): boolean {
  return paths.every((path) => base.paths.includes(path));
}

function union(some: readonly string[], others: readonly string[]): string[] {
  return [...new Set([...some, ...others])].toSorted();
}
