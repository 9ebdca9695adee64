import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionResult, RemoteClient } from '@soulbox/plugin-sdk';
import { connect } from '@soulbox/plugin-transport-websocket/client';
import { startHost, type RunningHost } from '../support/running-host.ts';
import { soulbox } from '../support/soulbox.ts';

/** What no two runs print alike. */
const chance = 'import os; print(os.urandom(16).hex())';

describe('a host with the default configuration', () => {
  let host: RunningHost;
  let client: RemoteClient;
  before(async () => {
    host = await startHost();
    // Each language that a starting host finds changes what boxes are made of, and thereby what is equal.
    while ((host.output().match(/ canary ok /g)?.length ?? 0) < 3) await sleep(20);
    client = await connect({ url: host.url, key: host.key! });
  });
  after(async () => {
    await client.close();
    await host.end('SIGTERM');
    await host.home[Symbol.asyncDispose]();
  });

  const run = async (params: object, by: RemoteClient = client) =>
    (await by.call('executions.create', { language: 'python', code: chance, ...params })) as ExecutionResult;

  it('answers with an earlier result where it is asked to, and records it as an execution of its own', async () => {
    const first = await run({ cache: true });
    const [second, third] = [await run({ cache: true }), await run({})];
    assert.deepEqual([first.cache, second.cache.layer, third.cache], [{ hit: false }, 'memory', { hit: false }]);
    assert.equal(second.stdout, first.stdout);
    assert.notEqual(third.stdout, first.stdout);
    assert.deepEqual(await client.call('executions.get', { id: second.id }), second);
    const { executions } = (await client.call('executions.list', {})) as { executions: { id: string }[] };
    assert.deepEqual(
      executions.map(({ id }) => id),
      [third.id, second.id, first.id],
    );
  });

  it('runs what differs in anything that decides', async () => {
    await run({ cache: true });
    for (const change of [
      { limits: { wallMs: 9_999 } },
      { env: { A: '' } },
      { args: [''] },
      { stdin: 'x' },
      { code: `${chance}\n` },
      { code: undefined, files: [{ path: 'main.py', content: chance }] },
    ])
      assert.equal((await run({ cache: true, ...change })).cache.hit, false, JSON.stringify(change));
  });

  it('runs once what many ask for at once', async () => {
    const code = `${chance} # at once`;
    const results = await Promise.all(Array.from({ length: 20 }, () => run({ code, cache: true })));
    assert.equal(new Set(results.map(({ stdout }) => stdout)).size, 1);
    assert.equal(results.filter(({ cache }) => !cache.hit).length, 1);
  });

  it('answers nobody who may not run programs, nor another tenant', async () => {
    await run({ cache: true });
    const keyFor = async (scopes: readonly string[], tenant: string) => {
      const { key } = (await client.call('keys.create', { name: 'x', scopes, tenant })) as { key: string };
      return connect({ url: host.url, key });
    };
    const reader = await keyFor(['executions:read'], 'default');
    const stranger = await keyFor(['executions:*'], 'other');
    try {
      await assert.rejects(run({ cache: true }, reader), { code: 'permission_denied' });
      assert.equal((await run({ cache: true }, stranger)).cache.hit, false);
    } finally {
      await Promise.all([reader.close(), stranger.close()]);
    }
  });

  it('is asked to by the command line', async () => {
    const file = join(host.home.folder, 'chance.py');
    await writeFile(file, chance);
    const env = { SOULBOX_URL: host.url, SOULBOX_KEY: host.key! };
    const printed = async (...args: string[]) => {
      const { code, stdout, stderr } = await soulbox(host.home, ['run', file, ...args], { env });
      assert.equal(code, 0, stderr.toString());
      return stdout.toString();
    };
    const first = await printed('--cache');
    assert.equal(await printed('--cache'), first);
    assert.equal(await printed('--max-age', '1h'), first);
    assert.notEqual(await printed('--max-age', '0s'), first);
    assert.notEqual(await printed(), first);
    const { stdout } = await soulbox(host.home, ['cache', 'stats', '--json'], { env });
    const stats = JSON.parse(stdout.toString()) as { hits: number; tiers: { name: string }[] };
    assert.ok(stats.hits >= 22);
    assert.deepEqual(
      stats.tiers.map(({ name }) => name),
      ['memory'],
    );
  });
});
