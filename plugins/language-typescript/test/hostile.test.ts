import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { compileAndRun, planFor, refusal } from './compile-and-run.ts';
import { startRuntime } from './start-runtime.ts';

const { runtime, dispose } = await startRuntime({ compileTimeoutMs: 1_500 });
after(dispose);

// Each conditional can be read in two ways, so that the time doubles with every one of them.
const exponential = 'a?(b):c=>'.repeat(40);

const works = async () =>
  assert.equal((await compileAndRun(runtime, { '': 'const x: string = "fine"; console.log(x)' })).stdout, 'fine\n');

describe('hostile source ends in a refusal, and the next program compiles', () => {
  const deep: [string, string][] = [
    ['brackets', '('.repeat(100_000)],
    ['arrays', '['.repeat(500_000)],
    ['templates', '`${'.repeat(100_000)],
    ['types', `let a: ${'Array<'.repeat(50_000)}`],
    ['arrows', 'a=>'.repeat(100_000)],
    ['objects', '{a:'.repeat(100_000)],
    ['operators', '!'.repeat(500_000)],
    ['a mistake behind a very long line', `${'a;'.repeat(40_000)}let = ;`],
  ];
  for (const [what, source] of deep)
    test(what, async () => {
      const { diagnostics } = await refusal(runtime, { 'fine.ts': '', 'main.ts': source });
      assert.deepEqual(
        diagnostics.map(({ file, line, column }) => [file, line, column]),
        [['main.ts', 1, 1]],
      );
      assert.match(diagnostics[0]?.message ?? '', /nested too deeply/);
      await works();
    });
  test('exponential time', async () => {
    const { message } = await refusal(runtime, { 'main.ts': exponential });
    assert.match(message, /^main\.ts:1:1: could not be compiled within 1500 ms/);
    await works();
  });
  test('more source than is compiled', async () => {
    const { message } = await refusal(runtime, { 'main.ts': '', 'big.js': `//${'x'.repeat(2_100_000)}` });
    assert.match(message, /the program has 2100002 bytes of source; at most 2097152 are compiled/);
  });
  test('a large program is no hostile one', async () => {
    const plan = await planFor(runtime, { 'main.ts': 'x = 1 as number; // one of very many lines\n'.repeat(30_000) });
    assert.ok(plan.ok);
    await works();
  });
});

describe('programs at the same time', () => {
  test('a slow one does not keep others waiting', async () => {
    const patient = await startRuntime({ compilers: 2, compileTimeoutMs: 60_000 });
    const slow = planFor(patient.runtime, { '': exponential });
    const ended = assert.rejects(slow, { code: 'language_unavailable' });
    for (let i = 0; i < 5; i++) assert.ok((await planFor(patient.runtime, { '': `console.log(${i} as number)` })).ok);
    await patient.dispose();
    await ended;
  });
  test('each gets its own result', async () => {
    const plans = await Promise.all(
      Array.from({ length: 10 }, (_, n) => planFor(runtime, { '': `console.log(${n} as number)` })),
    );
    for (const [n, plan] of plans.entries())
      assert.match(
        Buffer.from((plan.ok && plan.files[0]?.content) || []).toString(),
        new RegExp(`^console\\.log\\(${n} `),
      );
  });
  test('more than may wait are refused, as overloaded', async () => {
    const busy = await startRuntime({ compilers: 1, compileTimeoutMs: 500 });
    try {
      const results = await Promise.allSettled(
        Array.from({ length: 13 }, () => planFor(busy.runtime, { '': 'let x = 1' })),
      );
      const refused = results.flatMap((result) =>
        result.status === 'rejected' ? [result.reason as { code: string }] : [],
      );
      assert.deepEqual(
        refused.map((reason) => reason.code),
        ['overloaded', 'overloaded'],
      );
    } finally {
      await busy.dispose();
    }
  });
  test('closing refuses what waits and what runs, and all that comes', async () => {
    const closing = await startRuntime({ compilers: 1, compileTimeoutMs: 60_000 });
    await closing.runtime.describe();
    await planFor(closing.runtime, { '': 'let x = 1' });
    const running = planFor(closing.runtime, { '': exponential });
    const waiting = planFor(closing.runtime, { '': 'let x = 1' });
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([
      assert.rejects(running, { code: 'language_unavailable' }),
      assert.rejects(waiting, { code: 'language_unavailable' }),
      closing.dispose(),
    ]);
    await assert.rejects(planFor(closing.runtime, { '': 'let x = 1' }), { code: 'language_unavailable' });
  });
});
