import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { cachingHost } from './fixture.ts';

describe('a result', () => {
  it('answers with all that it was, and nothing of whose it was', async () => {
    await using cached = await cachingHost();
    const params = { code: 'out x\nerr y\nbytes ff00\nstdin', stdin: 'in', labels: { mine: 'a' } };
    const first = await cached.run(params);
    const [entry] = cached.memory.entries.values();
    assert.ok(!Buffer.from(entry!).toString().includes(first.id));
    assert.ok(!Buffer.from(entry!).toString().includes('mine'));
    const second = await cached.run({ ...params, labels: { mine: 'b' } });
    assert.equal(second.cache.hit, true);
    for (const part of [
      'verdict',
      'exitCode',
      'signal',
      'stdout',
      'stderr',
      'encoding',
      'usage',
      'stages',
      'language',
    ] as const)
      assert.deepEqual(second[part], first[part]);
    assert.deepEqual(second.labels, { mine: 'b' });
    assert.deepEqual(await cached.host.call('executions.get', { id: second.id }), second);
  });

  it('is kept where an equal run would come to it again, and not otherwise', async () => {
    await using cached = await cachingHost();
    const cases: [string, boolean][] = [
      ['out x', true],
      ['malformed', true],
      ['exit 1', false],
      ['crash', false],
      ['lose', false],
      ['throw', false],
    ];
    for (const [code, kept] of cases) {
      await cached.run({ code });
      assert.equal((await cached.run({ code })).cache.hit, kept, code);
    }
  });

  it('of a program that failed is kept where the operator says so', async () => {
    await using cached = await cachingHost({ verdicts: ['exit'] });
    await cached.run({ code: 'exit 3' });
    const second = await cached.run({ code: 'exit 3' });
    assert.deepEqual([second.cache.hit, second.verdict, second.exitCode], [true, 'exit', 3]);
    await cached.run();
    assert.equal((await cached.run()).cache.hit, false);
  });

  it('that is too large is not kept', async () => {
    await using cached = await cachingHost({ maxResultBytes: 2_000 });
    const code = `out ${'x'.repeat(3_000)}`;
    await cached.run({ code });
    assert.equal((await cached.run({ code })).cache.hit, false);
    assert.equal((await cached.stats())['tooLarge'], 2);
  });

  it('answers no longer than it may, nor than the run allows', async () => {
    await using cached = await cachingHost();
    const { run, driver } = cached;
    await run();
    await pause(30);
    assert.equal((await run({ cache: { maxAgeMs: 5 } })).cache.hit, false);
    assert.equal((await run({ cache: { maxAgeMs: 60_000 } })).cache.hit, true);
    assert.equal((await run({ cache: { maxAgeMs: 0 } })).cache.hit, false);
    assert.equal((await run({ cache: false })).cache.hit, false);
    assert.equal(driver.ran.length, 4);
    await using short = await cachingHost({ ttlMs: 1 });
    await short.run();
    await pause(10);
    assert.equal((await short.run()).cache.hit, false);
  });

  it('never answers another tenant, however both race', async () => {
    await using cached = await cachingHost();
    const { run, driver } = cached;
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        run({ code: `sleep 5\nout ${n % 10}`, env: { A: `${n % 10}` } }, n % 2 === 0 ? 'a' : 'b'),
      ),
    );
    // 10 programs, of which each tenant asks for the odd or the even ones.
    assert.equal(driver.ran.length, 10);
    assert.deepEqual(
      results.map(({ stdout }) => stdout),
      results.map((_, n) => `${n % 10}\n`),
    );
    for (let n = 0; n < 10; n++)
      assert.equal(
        (await run({ code: `sleep 5\nout ${n}`, env: { A: `${n}` } }, n % 2 === 0 ? 'b' : 'a')).cache.hit,
        false,
      );
  });
});

describe('a run that says nothing', () => {
  const rules = { pure: [{ languages: ['Script'], labels: { pure: 'yes' } }, { tenants: ['school'] }] };

  it('is answered where the operator declared it pure', async () => {
    await using cached = await cachingHost(rules);
    const { run } = cached;
    const asks = async (params: object, tenant?: string) => {
      const given = { cache: undefined, ...params };
      await run(given, tenant);
      return (await run(given, tenant)).cache.hit;
    };
    assert.equal(await asks({ labels: { pure: 'yes', more: '' } }), true);
    assert.equal(await asks({ labels: { pure: 'no' } }), false);
    assert.equal(await asks({}), false);
    assert.equal(await asks({}, 'school'), true);
    assert.equal(await asks({ cache: false }, 'school'), false);
    assert.equal(await asks({ code: 'out y', stdin: { data: 'in' } }, 'school'), true);
  });

  it('and whose input stays open runs, whatever the operator declared', async () => {
    await using cached = await cachingHost(rules);
    const { host, driver } = cached;
    for (let n = 0; n < 2; n++) {
      const params = {
        language: 'script',
        code: 'stdin',
        stdin: { open: true },
        labels: { pure: 'yes' },
        stream: true,
      };
      for await (const item of host.stream('executions.create', params))
        if ('event' in item && (item.event as { type: string }).type === 'started')
          await host.call('executions.input', { id: (item.event as { id: string }).id, data: 'x', close: true });
    }
    assert.equal(driver.ran.length, 2);
  });
});
