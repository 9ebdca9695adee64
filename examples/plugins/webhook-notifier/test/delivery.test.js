import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createTestHost } from '@soulbox/plugin-sdk/testing';
import plugin from '../index.js';
import { secret, startReceiver } from './receiver.js';

/** @param {() => boolean | Promise<boolean>} holds */
async function until(holds) {
  for (let tries = 0; !(await holds()); tries += 1) {
    assert.ok(tries < 2_000, 'it never came to pass');
    await pause(5);
  }
}

/**
 * @param {import('node:test').TestContext} t
 * @param {Parameters<typeof startReceiver>[0]} answer
 * @param {Record<string, unknown>} [config]
 */
async function started(t, answer, config = {}) {
  const { url, received, close } = await startReceiver(answer);
  const settings = { url, secret, backoffMs: 1, ...config };
  const host = await createTestHost({ plugins: { 'webhook-notifier': { plugin, config: settings } } });
  t.after(async () => {
    await host.stop();
    await close();
  });
  const run = (code = 'out hello') => host.call('executions.create', { language: 'script', code });
  const lost = async () => {
    const listed = await host.call('plugins.list');
    const { plugins } = /** @type {{ plugins: { id: string, reason: string | null }[] }} */ (listed);
    return Number.parseInt(plugins.find(({ id }) => id === 'webhook-notifier')?.reason ?? '0', 10);
  };
  return { received, run, lost };
}

test('the end of an execution is posted with a signature, and neither code nor output', async (t) => {
  const { received, run } = await started(t, () => 204);
  await run('out hello\nexit 3');
  await until(() => received.length === 1);
  const [post] = received;
  assert.equal(post?.valid, true);
  assert.equal(post.path, '/hook');
  assert.match(post.message.text, /^script execution \S+ of test: exit after \d+ ms$/);
  assert.equal(post.message.execution.exitCode, 3);
  assert.doesNotMatch(JSON.stringify(post.message), /hello/);
});

test('a failing receiver is tried again, with the same delivery', async (t) => {
  const { received, run, lost } = await started(t, (attempt) => (attempt < 3 ? 503 : 200));
  await run();
  await until(() => received.length === 3);
  assert.equal(new Set(received.map(({ delivery }) => delivery)).size, 1);
  assert.ok(received.every(({ valid }) => valid));
  assert.equal(await lost(), 0);
});

test('one that never gets better is given up, and what comes next is sent', async (t) => {
  const { received, run, lost } = await started(t, (attempt) => (attempt <= 3 ? 500 : 200), { attempts: 3 });
  await run();
  await run();
  await until(() => received.length === 4);
  assert.equal(await lost(), 1);
});

test('a redirect is not followed, and a refusal is not repeated', async (t) => {
  const { received, run, lost } = await started(t, (attempt) => (attempt === 1 ? '/elsewhere' : 400));
  await run();
  await run();
  await until(async () => (await lost()) === 2);
  assert.deepEqual(
    received.map(({ path }) => path),
    ['/hook', '/hook'],
  );
});

test('a receiver that does not answer holds up no execution, and a full queue loses what is new', async (t) => {
  const { received, run, lost } = await started(t, () => undefined, { queue: 2, timeoutMs: 60_000 });
  for (let n = 0; n < 5; n += 1) await run();
  await until(() => received.length === 1);
  assert.equal(await lost(), 2);
});

test('a receiver that is late is given up, and one that is gone too', async (t) => {
  const late = await started(t, () => undefined, { timeoutMs: 20, attempts: 2 });
  await late.run();
  await until(async () => (await late.lost()) === 1);
  assert.equal(late.received.length, 2);
  const { url, close } = await startReceiver(() => 200);
  await close();
  const gone = await started(t, () => 200, { url, attempts: 2 });
  await gone.run();
  await until(async () => (await gone.lost()) === 1);
});

test('only the verdicts asked for are told', async (t) => {
  const { received, run } = await started(t, () => 204, { verdicts: ['exit'] });
  await run();
  await run('exit 1');
  await until(() => received.length === 1);
  assert.equal(received[0]?.message.execution.verdict, 'exit');
});
