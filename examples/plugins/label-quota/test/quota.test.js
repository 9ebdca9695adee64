import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestHost, testPrincipal } from '@soulbox/plugin-sdk/testing';
import plugin from '../index.js';
import { SlidingWindow } from '../quota.js';

test('the window slides, and what is over is forgotten', () => {
  let now = 0;
  const quota = new SlidingWindow(2, 100, () => now);
  assert.deepEqual([quota.take('a'), quota.take('b')], [0, 0]);
  now = 60;
  assert.deepEqual([quota.take('a'), quota.take('a')], [0, 40]);
  now = 101;
  assert.deepEqual([quota.take('a'), quota.take('a')], [0, 59]);
  quota.sweep();
  assert.deepEqual([...quota.times.keys()], ['a']);
  now = 202;
  quota.sweep();
  assert.equal(quota.times.size, 0);
});

/** @param {import('node:test').TestContext} t @param {Record<string, unknown>} config */
async function started(t, config) {
  const plugins = { 'label-quota': { plugin, config: { label: 'project', ...config } } };
  const host = await createTestHost({ plugins });
  t.after(() => host.stop());
  return (/** @type {Record<string, string>} */ labels, tenant = 'test') =>
    host.call(
      'executions.create',
      { language: 'script', code: 'out hello', labels },
      { principal: { ...testPrincipal, tenant } },
    );
}

test('each value of each tenant has a quota of its own', async (t) => {
  const run = await started(t, { limit: 2 });
  await Promise.all([run({ project: 'a' }), run({ project: 'a' }), run({ project: 'b' })]);
  await assert.rejects(run({ project: 'a' }), { code: 'execution_vetoed', message: /has had its 2.*again in \d+ ms/ });
  await run({ project: 'a' }, 'another');
  await run({ project: 'b' });
});

test('there is room again when the window has passed', async (t) => {
  const run = await started(t, { limit: 1, windowMs: 100 });
  await run({ project: 'a' });
  for (let refused = true; refused;)
    refused = await run({ project: 'a' }).then(
      () => false,
      () => true,
    );
});

test('executions without the label are refused, or are nobody’s', async (t) => {
  const strict = await started(t, { limit: 1, required: true });
  await assert.rejects(strict({ other: 'a' }), {
    code: 'execution_vetoed',
    message: 'the label "project" is required',
  });
  const open = await started(t, { limit: 1 });
  await Promise.all([open({}), open({})]);
});

test('made-up values do not fill the memory', async (t) => {
  const run = await started(t, { limit: 5, values: 2 });
  await Promise.all([run({ project: 'a' }), run({ project: 'b' })]);
  await assert.rejects(run({ project: 'c' }), { code: 'execution_vetoed', message: /too many values/ });
  await run({ project: 'a' });
  await run({ project: 'c' }, 'another');
});
