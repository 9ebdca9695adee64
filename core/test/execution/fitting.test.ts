import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SoulboxError, type ExecutionResult } from '@soulbox/plugin-sdk';
import { fittingForms } from '../../src/execution/fitting.ts';
import { FaultyStore, scriptedHost, settles } from '../support/scripted-host.ts';

const tooLarge = new SoulboxError('payload_too_large', 'too large', { details: { bytes: 99, maxBytes: 48 } });

async function someResult(): Promise<ExecutionResult> {
  await using host = await scriptedHost();
  return (await host.call('executions.create', { language: 'script', code: 'out x' })) as ExecutionResult;
}

describe('a result that is too large for the store', () => {
  it('has forms with less and less output, each cut at a whole character and marked', async () => {
    const whole = { ...(await someResult()), stdout: `${'x'.repeat(15)}😀${'y'.repeat(9)}`, stderr: 'short' };
    const [larger, smaller] = fittingForms(whole, tooLarge);
    assert.deepEqual([larger?.stdout, larger?.stderr], ['x'.repeat(15), 'short']);
    assert.deepEqual(larger?.truncated, { stdout: true, stderr: false });
    assert.deepEqual([smaller?.stdout, smaller?.stderr], ['xxx', 'sho']);
    assert.deepEqual(smaller?.truncated, { stdout: true, stderr: true });
    const bytes = { ...whole, stdout: 'AAAA'.repeat(10), encoding: { stdout: 'base64', stderr: 'utf8' } as const };
    assert.equal(
      fittingForms(bytes, new SoulboxError('payload_too_large', '', { details: { maxBytes: 54 } }))[0]?.stdout.length,
      16,
    );
  });

  it('has none where the store refused it for another reason', async () => {
    const whole = await someResult();
    for (const refusal of [
      new Error('x'),
      new SoulboxError('conflict', 'x'),
      new SoulboxError('payload_too_large', 'x'),
    ])
      assert.deepEqual(fittingForms(whole, refusal), []);
  });

  it('is recorded all the same, in the largest form that fits', async () => {
    const store = new FaultyStore();
    const most = 4_000;
    store.fault = (changes) => {
      const bytes = JSON.stringify(changes).length;
      return settles(changes) && bytes > most
        ? new SoulboxError('payload_too_large', 'too large', { details: { bytes, maxBytes: most } })
        : undefined;
    };
    await using host = await scriptedHost({ store });
    const code = `out ${'x'.repeat(5_000)}`;
    const result = (await host.call('executions.create', { language: 'script', code })) as ExecutionResult;
    assert.deepEqual([result.verdict, result.stdout.length, result.truncated.stdout], ['ok', 1_333, true]);
    const kept = (await host.call('executions.get', { id: result.id })) as ExecutionResult;
    assert.equal(kept.stdout, result.stdout);
  });

  it('is not recorded where not even the smallest form fits', async () => {
    const store = new FaultyStore();
    store.fault = (changes) =>
      settles(changes) ? new SoulboxError('payload_too_large', 'no', { details: { maxBytes: 10 } }) : undefined;
    await using host = await scriptedHost({ store });
    await assert.rejects(host.call('executions.create', { language: 'script', code: 'out x' }), {
      code: 'storage_failed',
    });
  });
});
