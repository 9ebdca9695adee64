import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Redis } from 'ioredis';
import { noRedis, openCache, TestRedis } from './support/redis.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

/** Two entries, and an intruder who may write to Redis. */
async function withEntries(
  tamper: (intruder: Redis, names: { readonly a: string; readonly b: string }) => Promise<unknown>,
) {
  await using redis = await TestRedis.start();
  await using opened = await openCache(redis.url, { timeoutMs: 5_000, maxValueBytes: 1_000 });
  const { cache, told } = opened;
  const intruder = redis.intruder();
  await cache.set('a', bytes('value of a'));
  const [a] = await intruder.keys('*');
  await cache.set('b', bytes('value of b'));
  const b = (await intruder.keys('*')).find((name) => name !== a);
  await tamper(intruder, { a: a!, b: b! });
  const [found, other, found2] = [await cache.get('a'), await cache.get('b'), await cache.get('a')];
  const [health, isSound] = [cache.health(), other && Buffer.from(other).toString()];
  await cache.set('a', bytes('again'));
  assert.equal(Buffer.from((await cache.get('a')) ?? []).toString(), 'again');
  return { found: found ?? found2, isSound, health, told };
}

describe('what someone else wrote to Redis is not believed, and told', { skip: noRedis }, () => {
  const tampering: Record<string, Parameters<typeof withEntries>[0]> = {
    'one changed byte': async (intruder, { a }) => intruder.setrange(a, 45, 'X'),
    'another end of life': async (intruder, { a }) => intruder.setrange(a, 33, '\x7f'),
    'the entry of another key': async (intruder, { a, b }) => intruder.copy(b, a, 'REPLACE'),
    'an entry with something added': async (intruder, { a }) => intruder.append(a, 'x'),
    'half an entry': async (intruder, { a }) => intruder.set(a, await intruder.getrangeBuffer(a, 0, 44)),
    garbage: async (intruder, { a }) => intruder.set(a, Buffer.alloc(500, 7)),
    'a value that is too large to be one': async (intruder, { a }) => intruder.setrange(a, 100_000_000, 'x'),
    'a list': async (intruder, { a }) => {
      await intruder.del(a);
      await intruder.rpush(a, 'x');
    },
  };
  for (const [what, tamper] of Object.entries(tampering))
    it(what, async () => {
      const { found, isSound, health, told } = await withEntries(tamper);
      assert.equal(found, undefined);
      assert.equal(isSound, 'value of b');
      assert.equal(health.status, 'degraded');
      assert.match(health.detail ?? '', /^2 entries were not what had been put there$/);
      assert.equal(told.length, 1);
    });

  it('not even where the entry is one of its own that has expired', async () => {
    let old: Buffer | null = null;
    await using redis = await TestRedis.start();
    await using opened = await openCache(redis.url, { timeoutMs: 5_000 });
    const { cache } = opened;
    const intruder = redis.intruder();
    await cache.set('a', bytes('x'), 500);
    const [name = ''] = await intruder.keys('*');
    old = await intruder.getBuffer(name);
    while ((await intruder.exists(name)) === 1) await new Promise((resolve) => setTimeout(resolve, 20));
    await intruder.set(name, old!);
    assert.equal(await cache.get('a'), undefined);
    assert.equal(cache.health().status, 'up');
  });

  it('and another deployment sees nothing of it', async () => {
    await using redis = await TestRedis.start();
    await using one = await openCache(redis.url, { timeoutMs: 5_000 });
    await using other = await openCache(redis.url, { timeoutMs: 5_000, prefix: 'other:' });
    await using stranger = await openCache(redis.url, { timeoutMs: 5_000, secret: 't'.repeat(32) });
    await one.cache.set('a', bytes('x'));
    assert.deepEqual([await other.cache.get('a'), await stranger.cache.get('a')], [undefined, undefined]);
    assert.equal((await redis.intruder().keys('test:*')).length, 1);
  });
});
