import { setTimeout as pause } from 'node:timers/promises';
import type { PluginContext, Store } from '@soulbox/plugin-sdk';
import { BoundedMap } from './bounded-map.ts';
import type { KeyRecord } from './key-record.ts';
import { keyCollection } from './key-repository.ts';

interface Entry {
  readonly record: KeyRecord | undefined;
  readonly until: number;
}

export interface KeyCacheOptions {
  readonly maxAgeMs: number;
  readonly log: PluginContext['log'];
  readonly load: (id: string) => Promise<KeyRecord | undefined>;
}

const retryMs = 1_000;

/**
 * Keys by id for a short time, so that most requests need not ask the store. It follows the store's changes, those of
 * other hosts too; while it cannot, it keeps nothing.
 */
export class KeyCache {
  private readonly options: KeyCacheOptions;
  private readonly known = new BoundedMap<Entry>(10_000);
  /** Ids that are not there, apart: made-up ones must not push out real ones, nor be told from them by the time taken. */
  private readonly unknown = new BoundedMap<Entry>(1_000);
  private following = false;
  /** Grows with each change, so that an answer read before it is not kept after it. */
  private changes = 0;

  constructor(options: KeyCacheOptions) {
    this.options = options;
  }

  /** @throws what `load` throws. */
  async get(id: string): Promise<KeyRecord | undefined> {
    const entry = this.known.get(id) ?? this.unknown.get(id);
    if (entry && Date.now() < entry.until) return entry.record;
    const { changes } = this;
    const record = await this.options.load(id);
    if (this.following && changes === this.changes) {
      this.forget(id);
      (record ? this.known : this.unknown).set(id, { record, until: Date.now() + this.options.maxAgeMs });
    }
    return record;
  }

  forget(id: string): void {
    this.changes++;
    this.known.delete(id);
    this.unknown.delete(id);
  }

  /** Follows the store until aborted, again after each failure. Never rejects. */
  async follow(store: Store, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.followOnce(store, signal);
      } catch (err) {
        this.options.log.warn({ err }, 'changes of keys cannot be followed: every key is looked up until they can');
      }
      this.following = false;
      this.clear();
      await pause(retryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  private async followOnce(store: Store, signal: AbortSignal): Promise<void> {
    const events = store.follow({ collections: [keyCollection], signal });
    this.clear();
    this.following = true;
    for await (const { collection, id } of events) if (collection === keyCollection) this.forget(id);
  }

  private clear(): void {
    this.changes++;
    this.known.clear();
    this.unknown.clear();
  }
}
