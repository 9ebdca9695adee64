import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { cachingHost } from './fixture.ts';

describe('caches', () => {
  it('are asked one after another, and what a slower one has goes into the faster, for the time that is left', async () => {
    await using cached = await cachingHost({ ttlMs: 60_000 });
    const { run, memory, slow, stats } = cached;
    assert.deepEqual((await run()).cache, { hit: false });
    assert.deepEqual([memory.entries.size, slow.entries.size, memory.ttlMs], [1, 1, 60_000]);
    memory.entries.clear();
    await pause(20);
    const fromSlow = (await run()).cache;
    assert.equal(fromSlow.layer, 'slow');
    assert.ok(fromSlow.ageMs! >= 15 && fromSlow.ageMs! < 60_000);
    assert.ok(memory.ttlMs! < 60_000);
    assert.equal((await run()).cache.layer, 'memory');
    assert.equal(cached.driver.ran.length, 1);
    assert.deepEqual(await stats(), {
      lookups: 3,
      hits: 2,
      kept: 1,
      tooLarge: 0,
      tiers: [
        { name: 'memory', present: true, hits: 1, misses: 2, failures: 0, unusable: 0 },
        { name: 'slow', present: true, hits: 1, misses: 1, failures: 0, unusable: 0 },
      ],
    });
  });

  it('are those that the configuration names, in its order; one that is not there is told', async () => {
    await using cached = await cachingHost({ tiers: ['slow', 'redis'] });
    await cached.run();
    assert.deepEqual([cached.memory.entries.size, cached.slow.entries.size], [0, 1]);
    assert.equal((await cached.run()).cache.layer, 'slow');
    assert.deepEqual(await cached.state(), { state: 'degraded', reason: 'no cache is called redis' });
    assert.equal((await cached.stats()).tiers[1]?.['present'], false);
  });

  it('that fail or do not answer are passed over, whatever they hold', async () => {
    await using cached = await cachingHost({ tierMs: 20 });
    const { run, memory, slow, stats } = cached;
    await run();
    memory.trouble = () => Promise.reject(new Error('broken'));
    assert.equal((await run()).cache.layer, 'slow');
    slow.trouble = () => new Promise(() => {});
    assert.deepEqual((await run()).cache, { hit: false });
    memory.trouble = async () => {};
    assert.equal((await run()).cache.layer, 'memory');
    // Getting from both, and setting in both.
    assert.deepEqual(
      (await stats()).tiers.map(({ failures }) => failures),
      [4, 2],
    );
  });

  it('that lie answer with nothing', async () => {
    await using cached = await cachingHost({ tiers: ['memory'] });
    const { run, memory, stats, driver } = cached;
    await run({ code: 'out other' });
    const [other] = memory.entries.values();
    await run();
    const [, key] = memory.entries.keys();
    const lies = [other!, Buffer.from('{'), Buffer.from('null'), Buffer.from('{"key":1}'), new Uint8Array(0)];
    for (const lie of lies) {
      memory.entries.set(key!, lie);
      const result = await run();
      assert.deepEqual([result.cache.hit, result.stdout], [false, 'x\n']);
    }
    assert.equal(driver.ran.length, 2 + lies.length);
    assert.equal((await stats()).tiers[0]?.['unusable'], lies.length);
  });
});
