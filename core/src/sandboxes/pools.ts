import type { Logger } from 'pino';
import { SoulboxError, type Limits, type SandboxDriver } from '@soulbox/plugin-sdk';
import type { Config } from '../config/schema.ts';
import type { HookBus } from '../hooks/hook-bus.ts';
import type { Traffic } from '../traffic.ts';
import { BoxPool, type BoxBase, type TenantBox } from './pool.ts';
import type { ChosenDriver } from './registry.ts';

export interface PoolsParts {
  readonly hooks: HookBus;
  readonly settings: Config['sandbox'];
  /** Of executions that do not ask for any. */
  readonly limits: Limits;
  readonly log: Logger;
  readonly traffic: Traffic;
  /** Whether a driver's plugin is still up. */
  readonly isCurrent: (chosen: ChosenDriver) => boolean;
}

interface Entry {
  readonly chosen: ChosenDriver;
  readonly pool: BoxPool;
  usedAt: number;
}

/** A pool whose boxes were made for few is given up after so long without use. */
const spareMs = 600_000;

/** Every pool of boxes: one for each driver and image, and one for each set of dependencies beside. */
export class Pools {
  private readonly parts: PoolsParts;
  private readonly entries = new Map<string, Entry>();
  /** Given up, each with the end of its boxes. */
  private readonly stale = new Map<BoxPool, Promise<void>>();
  private closed = false;
  /** Two drivers of one name are two: one has perhaps just taken the other's place. */
  private readonly numbers = new WeakMap<SandboxDriver, number>();
  private lastNumber = 0;

  constructor(parts: PoolsParts) {
    this.parts = parts;
  }

  /** The boxes of a driver that are made of `base`, and have the dependencies of `layer`. @throws draining once closed */
  of(chosen: ChosenDriver, base: BoxBase, layer?: string): BoxPool {
    if (this.closed) throw new SoulboxError('draining', 'the host takes its sandboxes away');
    this.giveUpOthers();
    const key = JSON.stringify([this.numberOf(chosen.driver), base.image, layer]);
    const whole = layer === undefined ? base : { ...base, paths: [...base.paths, layer] };
    const present = this.entries.get(key);
    const pool = present?.pool ?? this.make(chosen, whole, layer === undefined);
    pool.setBase(whole);
    this.entries.set(key, { chosen, pool, usedAt: performance.now() });
    return pool;
  }

  private numberOf(driver: SandboxDriver): number {
    let number = this.numbers.get(driver);
    if (number === undefined) this.numbers.set(driver, (number = this.lastNumber += 1));
    return number;
  }

  /** Every box that a tenant has, in use or not. */
  boxesOf(tenant: string): TenantBox[] {
    const pools = [...[...this.entries.values()].map(({ pool }) => pool), ...this.stale.keys()];
    return pools.flatMap((pool) => pool.boxesOf(tenant));
  }

  /** Boxes with dependencies are not made ahead of need: too few can use them. */
  private make(chosen: ChosenDriver, base: BoxBase, ahead: boolean): BoxPool {
    const { hooks, settings, limits, log } = this.parts;
    return new BoxPool({ chosen, hooks, settings, limits, log, base, ahead });
  }

  /**
   * Parts with pools of drivers whose place others have taken, and with those that nobody has used for long. Each is
   * closed when the work has ended that may still be on its way to it, and not with what was given up before it.
   */
  private giveUpOthers(): void {
    for (const [key, { chosen, pool, usedAt }] of this.entries) {
      const spare = pool.size === 0 && performance.now() - usedAt > spareMs;
      if (this.parts.isCurrent(chosen) && !spare) continue;
      this.entries.delete(key);
      this.stale.set(pool, this.closeLater(pool));
    }
  }

  private async closeLater(pool: BoxPool): Promise<void> {
    await this.parts.traffic.work.quiesced();
    await pool.close();
    this.stale.delete(pool);
  }

  /** Resolves when the boxes of pools that are not needed any more are gone. */
  async closeStale(): Promise<void> {
    this.giveUpOthers();
    await Promise.all(this.stale.values());
  }

  /** Takes every box away. Never rejects. */
  async close(): Promise<void> {
    this.closed = true;
    const all = [...[...this.entries.values()].map(({ pool }) => pool), ...this.stale.keys()];
    this.entries.clear();
    await Promise.all(all.map((pool) => pool.close()));
  }
}
