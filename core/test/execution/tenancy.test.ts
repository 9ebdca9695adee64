import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isSoulboxError, type ExecutionResult, type SoulboxError } from '@soulbox/plugin-sdk';
import { scriptedHost, stranger, until, type ScriptedHost } from '../support/scripted-host.ts';

async function refusal(host: ScriptedHost, operation: string, params: Record<string, unknown>): Promise<SoulboxError> {
  try {
    await host.call(operation, params, { principal: stranger });
  } catch (thrown) {
    if (isSoulboxError(thrown)) return thrown;
  }
  return assert.fail(`${operation} was not refused`);
}

const operations: [string, Record<string, unknown>][] = [
  ['executions.get', {}],
  ['executions.get', { stream: true }],
  ['executions.cancel', {}],
  ['executions.input', { data: 'x' }],
];

describe('an execution of another tenant', () => {
  for (const [operation, params] of operations) {
    it(`answers to ${operation} ${JSON.stringify(params)} as one that never was, running and settled`, async () => {
      await using host = await scriptedHost();
      const program = { language: 'script', code: 'stdin', stdin: { open: true } };
      const creating = host.call('executions.create', program);
      await until(() => host.driver.ran.length === 1);
      const { executions } = (await host.call('executions.list')) as { executions: ExecutionResult[] };
      const id = executions[0]?.id ?? '';
      const unknown = await refusal(host, operation, { ...params, id: 'never-was' });
      const foreign = await refusal(host, operation, { ...params, id });
      assert.deepEqual(
        { ...foreign.toBody(), details: {} },
        { ...unknown.toBody(), details: {} },
        'only the id differs, which the caller gave',
      );
      assert.deepEqual(foreign.details, { id });
      await host.call('executions.input', { id, data: 'still mine', close: true });
      assert.equal(((await creating) as ExecutionResult).stdout, 'still mine');
      assert.deepEqual((await refusal(host, operation, { ...params, id })).toBody(), foreign.toBody());
    });
  }

  it('is in nobody else’s list', async () => {
    await using host = await scriptedHost();
    await host.call('executions.create', { language: 'script', code: 'out x' });
    assert.deepEqual(await host.call('executions.list', {}, { principal: stranger }), { executions: [], cursor: null });
  });
});

describe('executions.list', () => {
  it('tells the newest first, without output, page by page and by what is asked for', async () => {
    await using host = await scriptedHost();
    const made: string[] = [];
    for (const code of ['out SECRET', 'exit 1', 'out c']) {
      made.unshift(((await host.call('executions.create', { language: 'script', code })) as ExecutionResult).id);
      await new Promise((resolve) => setTimeout(resolve, 2)); // creation times have the grain of a millisecond
    }
    type Page = { executions: ExecutionResult[]; cursor: string | null };
    const list = (params: object) => host.call('executions.list', params) as Promise<Page>;
    const first = await list({ limit: 2 });
    const second = await list({ limit: 2, cursor: first.cursor });
    assert.deepEqual(
      [...first.executions, ...second.executions].map((e) => e.id),
      made,
    );
    assert.equal(second.cursor, null);
    assert.doesNotMatch(JSON.stringify(first) + JSON.stringify(second), /SECRET/);
    assert.deepEqual(
      (await list({ verdict: 'exit' })).executions.map((e) => e.id),
      [made[1]],
    );
    assert.equal((await list({ language: 'script', status: 'settled' })).executions.length, 3);
    assert.deepEqual((await list({ language: 'python' })).executions, []);
    assert.deepEqual((await list({ status: 'running' })).executions, []);
    for (const wrong of [{ limit: 0 }, { limit: 1_001 }, { cursor: 'x' }, { tenant: 'elsewhere' }, { status: 'x' }])
      await assert.rejects(list(wrong), { code: 'invalid_params' }, JSON.stringify(wrong));
  });
});
