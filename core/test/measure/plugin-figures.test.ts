import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineOperation, definePlugin, SoulboxError, z } from '@soulbox/plugin-sdk';
import { createTestHost } from '@soulbox/plugin-sdk/testing';

interface Figures {
  readonly calls: number;
  readonly errors: number;
  readonly totalMs: number;
  readonly p95Ms: number;
}
interface Listed {
  readonly id: string;
  readonly hooks: readonly (Figures & { hook: string; slow: number; budget: { p95: number; worst: number } })[];
  readonly operations: readonly (Figures & { operation: string })[];
  readonly total: Figures & { readonly budget: { p95: number; worst: number } };
}

const measured = definePlugin({
  id: 'measured',
  setup(context) {
    context.hooks.tap('execution.settled', () => undefined);
    const operation = defineOperation({
      name: 'measured.answer',
      summary: 'Answers or fails.',
      params: z.strictObject({ how: z.enum(['well', 'not-found', 'failing', 'foreign']) }),
      result: z.object({}),
      permission: 'measured:use',
      owner: { kind: 'host' },
      effect: 'read',
      errors: ['not_found'],
    });
    context.operation(operation, async ({ how }) => {
      if (how === 'not-found') throw new SoulboxError('not_found', 'not here');
      if (how === 'failing') throw new SoulboxError('storage_failed', 'no disk');
      if (how === 'foreign') throw new Error('oops');
      return {};
    });
  },
});

test('plugins.list has figures of each hook, each operation and all of a plugin together', async () => {
  await using host = await createTestHost({ plugins: { measured: { plugin: measured } } });
  await host.call('executions.create', { language: 'script', code: 'out hello' });
  for (const how of ['well', 'not-found', 'failing', 'foreign', 'nonsense'])
    await host.call('measured.answer', { how }).catch(() => undefined);
  const { plugins } = (await host.call('plugins.list')) as { plugins: Listed[] };
  const { hooks, operations, total } = plugins.find(({ id }) => id === 'measured')!;
  assert.deepEqual(
    hooks.map(({ hook, calls, errors, slow }) => [hook, calls, errors, slow]),
    [['execution.settled', 1, 0, 0]],
  );
  // What the caller got wrong is no failure of the plugin, and what never reached it no call.
  assert.deepEqual(
    operations.map(({ operation, calls, errors }) => [operation, calls, errors]),
    [['measured.answer', 4, 2]],
  );
  assert.deepEqual([total.calls, total.errors], [5, 2]);
  assert.ok(total.totalMs > 0 && total.p95Ms > 0);
  assert.deepEqual(total.budget, hooks[0]?.budget);
  assert.ok(total.budget.worst > 0 && total.budget.worst < 1);
  const untouched = plugins.find(({ id }) => id === 'scripted-sandbox');
  assert.deepEqual(untouched?.total, {
    calls: 0,
    errors: 0,
    totalMs: 0,
    p50Ms: 0,
    p95Ms: 0,
    budget: { p95: 0, worst: 0 },
  });
});
