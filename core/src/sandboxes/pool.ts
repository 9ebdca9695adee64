import type { Logger } from 'pino';
import { SoulboxError, toSoulboxError, type SandboxInfo, type SandboxSpec } from '@soulbox/plugin-sdk';
import type { Config } from '../config/schema.ts';
import { withDeadline } from '../deadline.ts';
import type { HookBus } from '../hooks/hook-bus.ts';
import type { ChosenDriver } from './registry.ts';

type EndReason = 'request' | 'idle' | 'outdated' | 'failed';

/** A box in use by one tenant, or waiting for its first. */
interface Box {
  readonly info: SandboxInfo;
  readonly generation: number;
  tenant: string | undefined;
  leases: number;
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
  release(healthy: boolean): void;
}

/**
 * Boxes of one driver: each belongs to one tenant for its whole life, and a few wait ready for tenants that have none.
 * How many wait is asked of the hook `scaling.signal` after every change.
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
  private base: BoxBase;
  private generation = 0;
  private filling: Promise<void> = Promise.resolve();
  private lastWant = 0;

  constructor(chosen: ChosenDriver, hooks: HookBus, settings: Config['sandbox'], log: Logger, base: BoxBase) {
    this.chosen = chosen;
    this.hooks = hooks;
    this.settings = settings;
    this.log = log;
    this.base = base;
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
    if (JSON.stringify(base) === JSON.stringify(this.base)) return;
    this.base = base;
    this.generation += 1;
    for (const box of this.boxes) this.retire(box, 'outdated');
    this.refill();
  }

  /** A box for a tenant: its own, or one that waits ready, or a new one. @throws sandbox_unavailable, draining */
  async acquire(tenant: string): Promise<BoxLease> {
    for (let isNew = false; ; isNew = true) {
      if (this.abort.signal.aborted) throw new SoulboxError('draining', 'the host takes its sandboxes away');
      const found = this.find((box) => box.tenant === tenant) ?? this.find((box) => box.tenant === undefined);
      if (found) {
        const lease = this.lease(found);
        if (found.tenant === undefined) {
          found.tenant = tenant;
          this.refill();
        }
        if (isNew || found.leases > 1 || (await this.isAlive(found))) return lease;
        lease.release(false);
      }
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
  private lease(box: Box): BoxLease {
    clearTimeout(box.idle);
    box.leases += 1;
    let released = false;
    return {
      sandboxId: box.info.id,
      image: box.info.image,
      release: (healthy) => {
        if (released) return;
        released = true;
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
    const box: Box = { info, generation, tenant, leases: 0, retired: undefined, idle: undefined };
    this.boxes.add(box);
    // Something changed, or the pool was closed, while it was being made.
    if (generation !== this.generation) this.retire(box, 'outdated');
    if (this.abort.signal.aborted) this.retire(box, 'request');
    await this.hooks.call('sandbox.created', { sandbox: info, driver: name });
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
    else {
      box.idle = setTimeout(() => this.retire(box, 'idle'), this.settings.idleMs);
      box.idle.unref();
    }
  }

  private retire(box: Box, reason: EndReason): void {
    box.retired ??= reason;
    if (box.leases === 0) this.end(box, box.retired);
  }

  private end(box: Box, reason: EndReason): void {
    if (!this.boxes.delete(box)) return;
    clearTimeout(box.idle);
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
    this.filling = this.filling
      .then(() => this.fill())
      .catch((thrown: unknown) => {
        // Once closed, a box that is given up half-made is as it should be.
        if (this.abort.signal.aborted) return;
        this.log.warn({ err: toSoulboxError(thrown) }, 'no sandbox could be made ready ahead of need');
      });
  }

  /** Resolves when as many boxes wait as are wanted now. */
  async warm(): Promise<void> {
    this.refill();
    await this.filling;
  }

  private async fill(): Promise<void> {
    const waiting = () => [...this.boxes].filter((box) => box.tenant === undefined && !box.retired);
    const assigned = [...this.boxes].filter((box) => box.tenant !== undefined).length;
    const driver = this.chosen.name;
    const { want } = await this.hooks.call(
      'scaling.signal',
      { want: this.settings.ready },
      { driver, ready: waiting().length, assigned },
    );
    for (const box of waiting().slice(want)) this.retire(box, 'idle');
    while (waiting().length < want && !this.abort.signal.aborted) await this.make(undefined);
    if (want !== this.lastWant) {
      const from = this.lastWant;
      this.lastWant = want;
      await this.hooks.call('scaling.changed', { driver, from, to: want });
    }
  }

  /** Takes every box away. Never rejects. */
  async close(): Promise<void> {
    this.abort.abort();
    await Promise.allSettled([this.filling, ...this.making.values()]);
    for (const box of this.boxes) {
      box.retired = 'request';
      this.end(box, 'request');
    }
    await Promise.allSettled(this.ends);
  }
}
