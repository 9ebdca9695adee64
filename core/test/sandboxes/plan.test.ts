import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SoulboxError, type ExecutionPlan, type PlanInput } from '@soulbox/plugin-sdk';
import { planProgram } from '../../src/sandboxes/plan.ts';

const input: PlanInput = { entry: undefined, files: [], args: [] };
const plan: ExecutionPlan = { ok: true, files: [], stages: [] };
const info = {
  name: 'lisp',
  aliases: [],
  extensions: [],
  version: '1',
  available: true,
  reason: null,
  paths: [],
  canary: { code: '', stdout: '' },
};

/** A language that fails so many times before it plans. */
function failing(times: number, error: SoulboxError) {
  const asked: PlanInput[] = [];
  const answer = async (given: PlanInput) => {
    asked.push(given);
    if (asked.length <= times) throw error;
    return plan;
  };
  return { asked, language: { info, runtime: { describe: async () => info, plan: answer } } };
}

const busy = new SoulboxError('overloaded', 'lisp is being compiled');
const { signal } = new AbortController();

describe('a plan', () => {
  it('is waited for while the language is busy with what it does once', async () => {
    const { language, asked } = failing(1, busy);
    assert.equal(await planProgram(language, input, { signal }), plan);
    assert.deepEqual(asked, [input, input]);
  });
  it('is not waited for without end, nor when nobody waits for the program', async () => {
    const { language, asked } = failing(9, busy);
    await assert.rejects(planProgram(language, input, { signal, busyMs: 0 }), { code: 'overloaded' });
    await assert.rejects(planProgram(language, input, { signal: AbortSignal.abort() }), { code: 'overloaded' });
    assert.equal(asked.length, 2);
  });
  it('that fails otherwise is not asked for again', async () => {
    const { language, asked } = failing(1, new SoulboxError('invalid_params', 'no'));
    await assert.rejects(planProgram(language, input, { signal }), { code: 'invalid_params' });
    assert.equal(asked.length, 1);
  });
});
