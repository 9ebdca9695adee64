import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSoulboxError } from '@soulbox/plugin-sdk';
import { Scope } from '../src/scope.ts';
import { failure } from './support/expect.ts';

test('everything is given back, the last first, each when the one before is done', async () => {
  const scope = new Scope();
  const order: string[] = [];
  scope.add('first', () => void order.push('first'));
  scope.add('slow', async () => {
    await new Promise((resolve) => setTimeout(resolve, 10));
    order.push('slow');
  });
  scope.add('last', () => void order.push('last'));
  assert.deepEqual(await scope.dispose(1_000), []);
  assert.deepEqual(order, ['last', 'slow', 'first']);
});

test('the signal is aborted before anything is given back', async () => {
  const scope = new Scope();
  let aborted: boolean | undefined;
  scope.add('x', () => {
    aborted = scope.signal.aborted;
  });
  assert.equal(scope.signal.aborted, false);
  await scope.dispose(1_000);
  assert.equal(aborted, true);
});

test('what throws, rejects or hangs is reported by its label and does not keep the rest', async () => {
  const scope = new Scope();
  const order: string[] = [];
  scope.add('bottom', () => void order.push('bottom'));
  scope.add('throws', () => {
    throw new Error('no');
  });
  scope.add('rejects', () => Promise.reject(new Error('never')));
  scope.add('hangs', () => new Promise<void>(() => {}));
  const problems = await scope.dispose(20);
  assert.deepEqual(
    problems.map(({ label }) => label),
    ['hangs', 'rejects', 'throws'],
  );
  const [hanging] = problems;
  assert.ok(isSoulboxError(hanging?.error) && hanging.error.code === 'plugin_timeout');
  assert.match(hanging.error.message, /hangs .* 20 ms/);
  assert.deepEqual(order, ['bottom']);
});

test('nothing can be acquired once giving back has begun', async () => {
  const scope = new Scope();
  scope.add('late', () => scope.add('later', () => undefined) as never);
  const problems = await scope.dispose(1_000);
  assert.throws(() => scope.assertOpen('tap x'), failure('plugin_failed', /tap x: this plugin has stopped/));
  assert.equal(problems.length, 1);
  failure('plugin_failed', /later/)(problems[0]?.error);
});

test('what is let go of is not given back, and is known not to be held any more', async () => {
  const scope = new Scope();
  let disposed = 0;
  const forget = scope.add('x', () => void (disposed += 1));
  const keep = scope.add('y', () => void (disposed += 10));
  assert.deepEqual([forget(), forget()], [true, false]);
  await scope.dispose(1_000);
  assert.deepEqual([disposed, keep()], [10, false]);
});

test('giving back twice gives back once', async () => {
  const scope = new Scope();
  let disposed = 0;
  scope.add('x', () => void (disposed += 1));
  await Promise.all([scope.dispose(1_000), scope.dispose(1_000)]);
  assert.equal(disposed, 1);
});
