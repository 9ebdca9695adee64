import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ConfigSchema, type Config } from '../src/config.ts';
import { MemoryCache } from '../src/memory-cache.ts';

const make = (config: Partial<Config>) => new MemoryCache(ConfigSchema.parse(config));
const of = (bytes: number) => new Uint8Array(bytes);
/** Those of the keys, a letter each, that are there. */
const present = async (cache: MemoryCache, letters: string) => {
  const keys = letters.split('');
  const found = await Promise.all(keys.map((key) => cache.get(key)));
  return keys.filter((_, n) => found[n] !== undefined).join('');
};

describe('a cache in memory', () => {
  it('lets go of what was used longest ago where the bytes are too many', async () => {
    const cache = make({ maxBytes: 4_000, maxEntryBytes: 4_000 });
    for (const key of 'abc') await cache.set(key, of(1_000));
    await cache.get('a');
    await cache.set('d', of(1_000));
    assert.equal(await present(cache, 'abcd'), 'acd');
    await cache.set('e', of(3_500));
    assert.equal(await present(cache, 'abcde'), 'e');
  });

  it('counts keys and the room that empty values take', async () => {
    const cache = make({ maxBytes: 10_000, maxEntryBytes: 10_000 });
    for (let n = 0; n < 1_000; n++) await cache.set(`${n}`, of(0));
    const kept = (await Promise.all(Array.from({ length: 1_000 }, (_, n) => cache.get(`${n}`)))).filter(Boolean);
    assert.ok(kept.length > 10 && kept.length < 100);
    await cache.set('é'.repeat(6_000), of(0));
    assert.equal(await cache.get('é'.repeat(6_000)), undefined);
  });

  it('holds no more entries than it may', async () => {
    const cache = make({ maxEntries: 2 });
    for (const key of 'abc') await cache.set(key, of(1));
    assert.equal(await present(cache, 'abc'), 'bc');
  });

  it('forgets the value before one that is too large to keep', async () => {
    const cache = make({ maxEntryBytes: 1_000 });
    await cache.set('a', of(1));
    await cache.set('a', of(1_000));
    assert.equal(await cache.get('a'), undefined);
  });

  it('keeps nothing longer than it may, nor longer than it is told to', async () => {
    const cache = make({ ttlMs: 1 });
    await cache.set('a', of(1));
    await cache.set('b', of(1), 3_600_000);
    await cache.set('c', of(1), 0);
    while ((await present(cache, 'abc')) !== '') await pause(2);
  });
});
