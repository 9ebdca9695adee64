import type { Logger } from 'pino';
import { SandboxDriver, type Store } from '@soulbox/plugin-sdk';
import type { LiveSandboxes } from '../live/live-sandboxes.ts';
import type { Instance } from '../instance.ts';
import type { Services } from '../services.ts';
import { forgetOld, settleInterrupted } from './recovery.ts';

const periodMs = 30_000;

export interface MaintenanceParts {
  readonly store: Store;
  readonly instance: Instance;
  readonly services: Services;
  readonly log: Logger;
  readonly retentionDays: number;
  readonly live: Pick<LiveSandboxes, 'forgetOld'>;
}

/** Clears up after hosts that died, at the start and from time to time: their executions, their boxes, their records. */
export class Maintenance {
  private readonly parts: MaintenanceParts;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(parts: MaintenanceParts) {
    this.parts = parts;
  }

  /** Settles what a dead host left before anything new is accepted; its boxes go meanwhile. @throws storage_failed */
  async start(): Promise<void> {
    const { store, instance, log } = this.parts;
    await settleInterrupted(store, instance, log);
    this.running = this.reconcileBoxes();
    this.timer = setInterval(() => {
      this.running = this.running.then(() => this.round());
    }, periodMs);
    this.timer.unref();
  }

  /** One round; what fails is logged and tried again at the next. */
  async round(): Promise<void> {
    const { store, instance, log, retentionDays, live } = this.parts;
    try {
      await settleInterrupted(store, instance, log);
      await instance.sweep();
      await forgetOld(store, retentionDays, new Date());
      await live.forgetOld(retentionDays, new Date());
      await this.reconcileBoxes();
    } catch (error) {
      log.error({ err: error }, 'maintenance failed');
    }
  }

  private async reconcileBoxes(): Promise<void> {
    const { services, log } = this.parts;
    const reconcile = async ([name, driver]: readonly [string, SandboxDriver]) => {
      const removed = await driver.reconcile().catch((error: unknown) => {
        log.error({ err: error, driver: name }, 'left-over sandboxes could not be cleared away');
        return 0;
      });
      if (removed > 0) log.warn({ driver: name, removed }, 'left-over sandboxes of a dead host were cleared away');
    };
    await Promise.all([...services.all<SandboxDriver>(SandboxDriver)].map(reconcile));
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }
}
