import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCachingHost, type CachingHost } from '../support/caching-host.ts';
import { noRedis, startRedis, type RedisServer } from '../support/redis-server.ts';

interface Fault {
  readonly strike: (redis: RedisServer) => unknown;
  readonly mend?: (redis: RedisServer) => unknown;
}

const changeAll = `for _, key in ipairs(redis.call('keys', '*')) do redis.call('setrange', key, 60, 'X') end`;
const mixAll = `local keys = redis.call('keys', '*')
for n, key in ipairs(keys) do redis.call('copy', key, 'spare' .. n) end
for n, key in ipairs(keys) do redis.call('copy', 'spare' .. (n % #keys + 1), key, 'replace') end`;

const faults: Readonly<Record<string, Fault>> = {
  gone: { strike: (redis) => redis.kill(), mend: (redis) => redis.startAgain() },
  stopped: { strike: (redis) => redis.signal('SIGSTOP'), mend: (redis) => redis.signal('SIGCONT') },
  slow: { strike: (redis) => redis.cli('CLIENT', 'PAUSE', '2000') },
  full: {
    strike: (redis) => redis.cli('CONFIG', 'SET', 'maxmemory', '1'),
    mend: (redis) => redis.cli('CONFIG', 'SET', 'maxmemory', '0'),
  },
  'a replica': {
    strike: (redis) => redis.cli('REPLICAOF', '127.0.0.1', '1'),
    mend: (redis) => redis.cli('REPLICAOF', 'NO', 'ONE'),
  },
  emptied: { strike: (redis) => redis.cli('FLUSHALL') },
  'lying in every entry': { strike: (redis) => redis.cli('EVAL', changeAll, '0') },
  'mixing up its entries': { strike: (redis) => redis.cli('EVAL', mixAll, '0') },
};

const programs = (name: string) => Array.from({ length: 20 }, (_, n) => `sleep 5\nout ${name} ${n}`);

/** Each program three times at once: all end well, with their own output. Gives how many ran. */
async function endWell({ run, driver }: CachingHost, codes: readonly string[]): Promise<number> {
  const before = driver.ran.length;
  const all = [...codes, ...codes, ...codes];
  const results = await Promise.all(all.map((code) => run(code)));
  assert.deepEqual(
    results.map(({ verdict, stdout }) => `${verdict} ${stdout}`),
    all.map((code) => `ok ${code.split('out ')[1]!}\n`),
  );
  return driver.ran.length - before;
}

describe('a host whose Redis is', { skip: noRedis }, () => {
  for (const [what, { strike, mend }] of Object.entries(faults))
    it(`${what} loses nothing but hits, runs equal programs once, and shares results again afterwards`, async () => {
      await using redis = await startRedis();
      const settings = { redis: { url: redis.url, secret: 'k'.repeat(32), prefix: 'shared:' } };
      await using host = await startCachingHost(settings);
      assert.equal(await endWell(host, programs('old')), 20);
      await strike(redis);
      assert.equal(await endWell(host, [...programs('old'), ...programs('new')]), 20, 'more than the new ones ran');
      // One that starts meanwhile has nothing but Redis.
      await using late = await startCachingHost(settings);
      assert.ok((await endWell(late, [...programs('old'), ...programs('later')])) <= 40);
      await mend?.(redis);
      for (let n = 0; ; n++) {
        await host.run(`out shared ${n}`);
        if ((await late.run(`out shared ${n}`)).cache.layer === 'redis') break;
        await sleep(20);
      }
    });
});

describe('hosts that share a Redis', { skip: noRedis }, () => {
  it('answer with results of each other, to the same tenant and under the same secret only', async () => {
    await using redis = await startRedis();
    const settings = { redis: { url: redis.url, secret: 'k'.repeat(32), prefix: 'shared:', timeoutMs: 5_000 } };
    await using one = await startCachingHost(settings);
    await using other = await startCachingHost(settings);
    const first = await one.run('out x');
    const second = await other.run('out x');
    assert.deepEqual([second.cache.layer, second.stdout, second.verdict], ['redis', 'x\n', 'ok']);
    assert.notEqual(second.id, first.id);
    assert.equal((await other.run('out x')).cache.layer, 'memory');
    assert.equal((await other.run('out x', { tenant: 'stranger' })).cache.hit, false);
    await using stranger = await startCachingHost({ redis: { ...settings.redis, secret: 'l'.repeat(32) } });
    assert.equal((await stranger.run('out x')).cache.hit, false);
    assert.ok(!(await redis.cli('KEYS', '*')).includes('out'));
  });

  it('never answer one run with the result of another, however they race', async () => {
    await using redis = await startRedis();
    const settings = {
      // A tenth of the results fit: most come from Redis, and go into memory by turns.
      memory: { maxEntries: 20 },
      redis: { url: redis.url, secret: 'k'.repeat(32), prefix: 'shared:', timeoutMs: 5_000 },
    };
    await using one = await startCachingHost(settings);
    await using other = await startCachingHost(settings);
    const fields = ['a', 'a:', ':a', 'a\n', '\na', '"a"', 'a","b', '[a]', '', ' '];
    const call = async (n: number) => {
      const [tenant, first, second] = [`t${n % 2}`, fields[n % 10]!, fields[Math.floor(n / 10) % 10]!];
      const { stdout, cache } = await (n % 3 === 0 ? one : other).run('env A\nenv B\nenv T', {
        tenant,
        env: { A: first, B: second, T: tenant },
      });
      assert.equal(stdout, `${first}\n${second}\n${tenant}\n`);
      return cache.layer;
    };
    const layers = new Set<string | undefined>();
    for (let n = 0; n < 4_000; n += 100)
      for (const layer of await Promise.all(Array.from({ length: 100 }, (_, m) => call((n + m) * 7))))
        layers.add(layer);
    assert.deepEqual(layers, new Set([undefined, 'memory', 'redis']));
  });
});
