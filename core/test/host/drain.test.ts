import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { definePlugin, LanguageRuntime, type ExecutionResult } from '@soulbox/plugin-sdk';
import { gate, scriptedHost, until, type ScriptedHost } from '../support/scripted-host.ts';

const interactive = { language: 'script', code: 'stdin\nout done', stdin: { open: true } };
const sleeper = { language: 'script', code: 'out begun\nsleep 100000' };

async function firstId(host: ScriptedHost): Promise<string> {
  await until(() => host.driver.ran.length > 0);
  const { executions } = (await host.call('executions.list')) as { executions: ExecutionResult[] };
  return executions[0]?.id ?? '';
}

async function waiting(host: ScriptedHost, count: number): Promise<void> {
  await until(async () => {
    const { executions } = (await host.call('host.info')) as { executions: { waiting: number } };
    return executions.waiting === count;
  });
}

describe('draining a host', () => {
  it('lets running work finish, refuses what waits and what comes, and still answers questions', async () => {
    const seen: string[] = [];
    await using host = await scriptedHost({
      config: { executions: { concurrency: 1 } },
      tap: (hooks) => {
        hooks.tap('host.draining', ({ deadlineMs }) => void seen.push(`draining ${deadlineMs}`));
        hooks.tap('host.stopped', ({ reason }) => void seen.push(`stopped ${reason}`));
      },
    });
    const running = host.call('executions.create', interactive);
    const id = await firstId(host);
    const queued = host.call('executions.create', sleeper);
    await waiting(host, 1);
    const refused = assert.rejects(queued, { code: 'draining' });
    const stopping = host.host.stop('test', 60_000);
    await refused;
    await assert.rejects(host.call('executions.create', sleeper), { code: 'draining' });
    assert.equal(host.host.state, 'draining');
    assert.equal(((await host.call('executions.get', { id })) as ExecutionResult).status, 'running');
    assert.equal(((await host.call('host.info')) as { state: string }).state, 'draining');
    await host.call('executions.input', { id, data: 'x', close: true });
    assert.equal(((await running) as ExecutionResult).verdict, 'ok');
    await stopping;
    assert.equal(host.host.state, 'stopped');
    assert.deepEqual(seen, ['draining 60000', 'stopped test']);
    assert.deepEqual(await host.driver.list(), [], 'no box is left');
    const stored = await host.store.get('executions', id);
    assert.equal(stored?.value['verdict'], 'ok');
  });

  it('refuses new work at once, however long a plugin takes to hear of it', async () => {
    const hearing = gate();
    await using host = await scriptedHost({ tap: (hooks) => hooks.tap('host.draining', () => hearing.passed) });
    const stopping = host.host.stop();
    await until(() => host.host.state === 'draining');
    await assert.rejects(host.call('executions.create', sleeper), { code: 'draining' });
    hearing.open();
    await stopping;
  });

  it('cancels what still runs at the deadline, and records it', async () => {
    await using host = await scriptedHost();
    const running = host.call('executions.create', sleeper);
    const id = await firstId(host);
    await host.host.stop('test', 1);
    const result = (await running) as ExecutionResult;
    assert.deepEqual([result.verdict, result.stdout], ['cancelled', 'begun\n']);
    assert.equal((await host.store.get('executions', id))?.value['verdict'], 'cancelled');
    assert.deepEqual((await host.store.query('instances', {})).documents, [], 'it signed off');
  });

  it('ends now when asked a second time with no time left', async () => {
    await using host = await scriptedHost();
    const running = host.call('executions.create', sleeper);
    await firstId(host);
    const first = host.host.stop('once', 10_000_000);
    const second = host.host.stop('twice', 0);
    assert.equal(((await running) as ExecutionResult).verdict, 'cancelled');
    await Promise.all([first, second]);
    assert.equal(host.host.state, 'stopped');
  });

  it('neither accepts nor runs what was about to begin when the time was up', async () => {
    const planning = gate();
    const started = gate();
    const language = definePlugin({
      id: 'slow-plan',
      provides: [LanguageRuntime],
      setup(context) {
        const info = { aliases: [], extensions: [], version: '1', available: true, reason: null, paths: [] };
        const runtime: LanguageRuntime = {
          describe: async () => ({ ...info, name: 'slow', canary: { code: '', stdout: '' } }),
          plan: async () => {
            started.open();
            await planning.passed;
            return { ok: true, files: [], stages: [{ name: 'run', argv: ['/x'], env: {} }] };
          },
        };
        context.provide(LanguageRuntime, runtime, 'slow');
      },
    });
    await using host = await scriptedHost({ plugins: { 'slow-plan': { plugin: language } } });
    const creating = host.call('executions.create', { language: 'slow', code: '' });
    const refused = assert.rejects(creating, { code: 'draining' });
    await started.passed;
    const stopping = host.host.stop('test', 1);
    await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(host.host.state, 'draining', 'it waits for what it let in');
    planning.open();
    await Promise.all([refused, stopping]);
    assert.equal(host.driver.ran.length, 0);
    assert.deepEqual((await host.store.query('executions', {})).documents, []);
  });

  it('makes no box for whoever still finds out what boxes need meanwhile', async () => {
    const describing = gate();
    const language = definePlugin({
      id: 'slow-language',
      provides: [LanguageRuntime],
      setup(context) {
        const runtime: LanguageRuntime = {
          describe: () => describing.passed.then(() => Promise.reject(new Error('gone'))),
          plan: () => Promise.reject(new Error('gone')),
        };
        context.provide(LanguageRuntime, runtime, 'slow');
      },
    });
    await using host = await scriptedHost({ plugins: { 'slow-language': { plugin: language } } });
    const refused = assert.rejects(host.host.warm(), { code: 'draining' });
    await new Promise((resolve) => setImmediate(resolve));
    await host.host.stop();
    describing.open();
    await refused;
    assert.deepEqual(host.driver.created, []);
  });
});
