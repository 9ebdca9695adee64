import { LRUCache } from 'lru-cache';
import type { Cache } from '@soulbox/plugin-sdk';
import type { Config } from './config.ts';

/** What an entry takes besides its key and value, about. */
const overheadBytes = 128;

/** Values by key: the last used ones, as far as bytes and number allow. Times are those of a clock that nobody sets. */
export class MemoryCache implements Cache {
  private readonly entries: LRUCache<string, Uint8Array>;
  private readonly ttlMs: number;

  constructor({ maxBytes, maxEntries, maxEntryBytes, ttlMs }: Config) {
    this.ttlMs = ttlMs;
    this.entries = new LRUCache({
      max: maxEntries,
      maxSize: maxBytes,
      maxEntrySize: maxEntryBytes,
      sizeCalculation: (value, key) => Buffer.byteLength(key) + value.byteLength + overheadBytes,
      ttl: ttlMs,
    });
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const value = this.entries.get(key);
    return value && Uint8Array.from(value);
  }

  async set(key: string, value: Uint8Array, ttlMs = this.ttlMs): Promise<void> {
    // A time of 0 would mean none to the library.
    this.entries.set(key, Uint8Array.from(value), { ttl: Math.max(1, Math.min(ttlMs, this.ttlMs)) });
  }

  async delete(key: string): Promise<void> {
    this.entries.delete(key);
  }
}
