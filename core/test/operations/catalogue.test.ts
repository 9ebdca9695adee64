import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { defineOperation, z, type OperationCall } from '@soulbox/plugin-sdk';
import { testPrincipal } from '@soulbox/plugin-sdk/testing';
import { OperationCatalogue } from '../../src/operations/catalogue.ts';

const call: OperationCall = {
  principal: testPrincipal,
  requestId: 'r',
  signal: new AbortController().signal,
  log: pino({ level: 'silent' }),
  emit: () => Promise.resolve(),
};

const double = defineOperation({
  name: 'numbers.double',
  summary: 'Doubles a number.',
  params: z.strictObject({ number: z.int().default(1) }),
  result: z.object({ number: z.int() }),
  permission: 'numbers:use',
  owner: { kind: 'host' },
  effect: 'read',
  errors: [],
});

describe('operation catalogue', () => {
  it('runs an operation with parsed parameters', async () => {
    const catalogue = new OperationCatalogue();
    catalogue.add('test', double, async ({ number }) => ({ number: number * 2 }));
    assert.deepEqual(await catalogue.run('numbers.double', { number: 4 }, call), { number: 8 });
    assert.deepEqual(await catalogue.run('numbers.double', undefined, call), { number: 2 });
    assert.deepEqual(await catalogue.run('numbers.double', null, call), { number: 2 });
    assert.equal(catalogue.find('numbers.double').permission, 'numbers:use');
  });

  it('refuses parameters of the wrong shape, all problems at once', async () => {
    const catalogue = new OperationCatalogue();
    catalogue.add('test', double, async ({ number }) => ({ number }));
    await assert.rejects(catalogue.run('numbers.double', { number: 'x', extra: 1 }, call), (error: unknown) => {
      const { code, details } = error as { code: string; details: { problems: { path: string }[] } };
      assert.equal(code, 'invalid_params');
      assert.deepEqual(
        details.problems.map((problem) => problem.path),
        ['number', ''],
      );
      return true;
    });
    for (const wrong of [[], 'x', 7, { __proto__: null, number: null }])
      await assert.rejects(catalogue.run('numbers.double', wrong, call), { code: 'invalid_params' });
  });

  it('does not know what was never added, or was taken away', async () => {
    const catalogue = new OperationCatalogue();
    const added = catalogue.add('test', double, async ({ number }) => ({ number }));
    added[Symbol.dispose]();
    for (const name of ['numbers.double', 'constructor', '__proto__', 'x'.repeat(1_000)])
      await assert.rejects(catalogue.run(name, {}, call), (error: Error & { code?: string }) => {
        assert.ok(error.message.length < 200, 'a long name is not repeated at length');
        return error.code === 'unknown_operation';
      });
    assert.throws(() => catalogue.find('numbers.double'), { code: 'unknown_operation' });
  });

  it('names both owners of an operation that is added twice', () => {
    const catalogue = new OperationCatalogue();
    catalogue.add('one', double, async ({ number }) => ({ number }));
    assert.throws(() => catalogue.add('two', double, async ({ number }) => ({ number })), {
      code: 'plugin_failed',
      message: /by one and by two/,
    });
  });

  it('describes operations as plain data, by name', () => {
    const catalogue = new OperationCatalogue();
    catalogue.add('plug', { ...double, event: z.object({ seq: z.int() }) }, async ({ number }) => ({ number }));
    catalogue.add('core', { ...double, name: 'letters.double' }, async ({ number }) => ({ number }));
    const described = catalogue.describe();
    assert.deepEqual(described, JSON.parse(JSON.stringify(described)));
    assert.deepEqual(
      described.map(({ name, plugin }) => [name, plugin]),
      [
        ['letters.double', 'core'],
        ['numbers.double', 'plug'],
      ],
    );
    assert.equal(described[0]?.event, null);
    assert.equal(described[1]?.event?.['type'], 'object');
    assert.equal('required' in (described[0]?.params ?? {}), false, 'what has a default need not be sent');
    assert.deepEqual(described[0]?.result['required'], ['number']);
  });
});
