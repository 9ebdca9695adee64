import type { Cache } from '@soulbox/plugin-sdk';
import { cacheSuite } from '@soulbox/plugin-sdk/conformance';

class MapCache implements Cache {
  private readonly entries = new Map<string, { readonly value: Uint8Array; readonly until: number }>();

  async get(key: string): Promise<Uint8Array | undefined> {
    const entry = this.entries.get(key);
    return entry && entry.until > Date.now() ? entry.value.slice() : undefined;
  }

  async set(key: string, value: Uint8Array, ttlMs = Infinity): Promise<void> {
    this.entries.set(key, { value: value.slice(), until: Date.now() + ttlMs });
  }

  async delete(key: string): Promise<void> {
    this.entries.delete(key);
  }
}

cacheSuite({
  name: 'a map',
  create: async () => {
    const cache = new MapCache();
    return { cache, share: async () => cache, dispose: async () => {} };
  },
});
