import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { noRedis, openCache, TestRedis, until } from './support/redis.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

type Opened = Awaited<ReturnType<typeof openCache>>;

/** Many calls at once and one after another: none fails, and none answers. */
async function onlyMisses({ cache }: Opened): Promise<void> {
  for (let n = 0; n < 20; n++) {
    const found = await Promise.all(Array.from({ length: 20 }, (_, m) => cache.get(`${n} ${m}`)));
    assert.ok(found.every((value) => value === undefined));
    await cache.set(`${n}`, bytes('x'));
  }
  assert.equal(cache.health().status, 'degraded');
}

async function worksAgain({ cache }: Opened): Promise<void> {
  await until(async () => {
    await cache.set('after', bytes('x'));
    return (await cache.get('after')) !== undefined;
  });
  assert.deepEqual(cache.health(), { status: 'up' });
}

describe('Redis costs nothing but misses', { skip: noRedis }, () => {
  it('when it is not there, and is used as soon as it is', async () => {
    await using redis = await TestRedis.start();
    await redis.kill();
    await using opened = await openCache(redis.url);
    await onlyMisses(opened);
    await assert.rejects(opened.cache.delete('a'), { code: 'storage_failed' });
    await redis.startAgain();
    await worksAgain(opened);
  });

  it('when it dies and comes back, empty', async () => {
    await using redis = await TestRedis.start();
    await using opened = await openCache(redis.url);
    await worksAgain(opened);
    await redis.kill();
    await onlyMisses(opened);
    await redis.startAgain();
    await worksAgain(opened);
  });

  it('when it is stopped by a signal, and goes on', async () => {
    await using redis = await TestRedis.start();
    await using opened = await openCache(redis.url);
    await worksAgain(opened);
    redis.signal('SIGSTOP');
    await onlyMisses(opened);
    assert.notEqual(opened.link.problem, null);
    redis.signal('SIGCONT');
    await worksAgain(opened);
  });

  it('when it is slow', async () => {
    await using redis = await TestRedis.start();
    await using opened = await openCache(redis.url);
    await worksAgain(opened);
    const intruder = redis.intruder();
    await intruder.call('CLIENT', 'PAUSE', '2000');
    await onlyMisses(opened);
    await worksAgain(opened);
  });

  it('when it is full, though what it has is still found', async () => {
    await using redis = await TestRedis.start('--maxmemory', '3mb', '--maxmemory-policy', 'noeviction');
    await using opened = await openCache(redis.url, { timeoutMs: 5_000 });
    const { cache } = opened;
    await cache.set('first', bytes('x'));
    for (let n = 0; n < 100; n++) await cache.set(`${n}`, Buffer.alloc(100_000));
    assert.match(cache.health().detail ?? '', /^Redis takes nothing: OOM /);
    assert.ok(await cache.get('first'));
    assert.equal(await cache.get('99'), undefined);
    await redis.intruder().flushall();
    await worksAgain(opened);
  });

  it('when it is a replica that takes no writes', async () => {
    await using redis = await TestRedis.start();
    await using opened = await openCache(redis.url, { timeoutMs: 5_000 });
    const { cache } = opened;
    await cache.set('before', bytes('x'));
    const intruder = redis.intruder();
    await intruder.replicaof(join(redis.folder, 'nowhere'), 1);
    await cache.set('a', bytes('x'));
    assert.match(cache.health().detail ?? '', /^Redis takes nothing: READONLY /);
    assert.ok(await cache.get('before'));
    await assert.rejects(cache.delete('before'), { code: 'storage_failed' });
    await intruder.call('REPLICAOF', 'NO', 'ONE');
    await worksAgain(opened);
  });

  it('when all is thrown away', async () => {
    await using redis = await TestRedis.start();
    await using opened = await openCache(redis.url, { timeoutMs: 5_000 });
    await opened.cache.set('a', bytes('x'));
    await redis.intruder().flushall();
    assert.equal(await opened.cache.get('a'), undefined);
    await worksAgain(opened);
  });

  it('when it wants a password that is another', async () => {
    await using redis = await TestRedis.start('--requirepass', 'right');
    await using opened = await openCache(redis.url);
    await onlyMisses(opened);
    assert.match(opened.cache.health().detail ?? '', /NOAUTH/);
  });

  it('for values that are larger than they may be', async () => {
    await using redis = await TestRedis.start();
    await using opened = await openCache(redis.url, { timeoutMs: 5_000, maxValueBytes: 100 });
    const { cache } = opened;
    await cache.set('a', new Uint8Array(100));
    assert.equal((await cache.get('a'))?.byteLength, 100);
    await cache.set('a', new Uint8Array(101));
    assert.equal(await cache.get('a'), undefined);
    assert.deepEqual(cache.health(), { status: 'up' });
  });
});

describe('what speaks another protocol, or none, costs nothing but misses', () => {
  const servers: Record<string, (server: Server) => unknown> = {
    'one that answers in HTTP': (server) =>
      server.on('connection', (socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    'one that answers with noise': (server) =>
      server.on('connection', (socket) => socket.on('error', () => {}).write(Buffer.alloc(100_000, 0xa5))),
    'one that hangs up': (server) => server.on('connection', (socket) => socket.destroy()),
    'one that never answers': (server) => server.on('connection', (socket) => socket.on('error', () => {}).resume()),
  };
  for (const [what, behave] of Object.entries(servers))
    it(what, async () => {
      const server = createServer();
      behave(server);
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as { port: number };
      try {
        await using opened = await openCache(`redis://user:secret@127.0.0.1:${port}/3`);
        await onlyMisses(opened);
      } finally {
        server.close();
      }
    });
});
