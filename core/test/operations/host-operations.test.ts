import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { definePlugin, LanguageRuntime } from '@soulbox/plugin-sdk';
import { ScriptedDriver } from '@soulbox/plugin-sdk/testing';
import { hostVersion } from '../../src/version.ts';
import { scriptedHost } from '../support/scripted-host.ts';

interface Info {
  readonly state: string;
  readonly sandbox: { driver: string; enforced: { level: string } } | null;
  readonly problem: { code: string; message: string; details?: { drivers: unknown[] } } | null;
  readonly executions: { running: number; waiting: number };
  readonly version: string;
  readonly uptimeMs: number;
  readonly startedAt: string;
}

describe('host.info', () => {
  it('tells version, state, load and what sandboxes enforce', async () => {
    await using host = await scriptedHost();
    const info = (await host.call('host.info')) as Info;
    assert.deepEqual([info.state, info.version, info.problem], ['ready', hostVersion, null]);
    assert.deepEqual(info.executions, { running: 0, waiting: 0 });
    assert.deepEqual([info.sandbox?.driver, info.sandbox?.enforced.level], ['scripted', 'standard']);
    assert.ok(info.uptimeMs >= 0 && Date.parse(info.startedAt) <= Date.now());
  });

  it('tells why programs cannot be run, and refuses to run them', async () => {
    const driver = new ScriptedDriver();
    driver.report = { ...driver.report, available: false, reason: 'no namespaces', advice: ['enable them'] };
    await using host = await scriptedHost({ driver });
    const info = (await host.call('host.info')) as Info;
    assert.equal(info.sandbox, null);
    assert.deepEqual(info.problem, {
      code: 'sandbox_unavailable',
      message: 'scripted: no namespaces',
      details: { drivers: [{ name: 'scripted', problem: 'no namespaces', advice: ['enable them'] }] },
    });
    await assert.rejects(host.call('executions.create', { language: 'script', code: 'out x' }), {
      code: 'sandbox_unavailable',
    });
    assert.equal(driver.created.length + driver.ran.length, 0);
    assert.deepEqual((await host.store.query('executions', {})).documents, []);
  });
});

describe('languages.list', () => {
  it('tells what clients need to know, and no path of the host', async () => {
    const missing = definePlugin({
      id: 'missing',
      provides: [LanguageRuntime],
      setup(context) {
        const runtime: LanguageRuntime = {
          describe: async () => ({
            name: 'missing',
            aliases: ['m'],
            extensions: ['.m'],
            version: '',
            available: false,
            reason: 'install it',
            paths: ['/opt/secret'],
            canary: { code: '', stdout: '' },
          }),
          plan: () => Promise.reject(new Error('not asked for')),
        };
        context.provide(LanguageRuntime, runtime, 'missing');
      },
    });
    await using host = await scriptedHost({ plugins: { missing: { plugin: missing } } });
    const script = { name: 'script', version: '1.0.0', versions: ['1.0.0'], aliases: ['scr'], extensions: ['.script'] };
    const absent = { name: 'missing', version: '', versions: [], aliases: ['m'], extensions: ['.m'] };
    assert.deepEqual(await host.call('languages.list'), {
      languages: [
        { ...absent, available: false, reason: 'install it', driver: null },
        { ...script, available: true, reason: null, driver: 'scripted' },
      ],
    });
  });
});

describe('plugins.list', () => {
  it('names each plugin with its state, the reason, and how its hooks fare', async () => {
    const broken = definePlugin({
      id: 'broken',
      setup: () => {
        throw new Error('bad wiring');
      },
    });
    const skipping = definePlugin({ id: 'skipping', setup: (context) => context.skip('no graphics card') });
    let health: 'up' | 'down' = 'up';
    const sick = definePlugin({ id: 'sick', setup: (context) => context.health(async () => ({ status: health })) });
    await using host = await scriptedHost({
      plugins: { broken: { plugin: broken }, skipping: { plugin: skipping }, sick: { plugin: sick } },
      tap: (hooks) => hooks.tap('execution.veto', () => undefined),
    });
    await host.call('executions.create', { language: 'script', code: 'out x' });
    health = 'down';
    const { plugins } = (await host.call('plugins.list')) as {
      plugins: {
        id: string;
        state: string;
        reason: string | null;
        error: unknown;
        provides: string[];
        hooks: object[];
      }[];
    };
    const of = (id: string) => plugins.find((plugin) => plugin.id === id);
    assert.deepEqual(
      [of('broken')?.state, of('broken')?.error],
      ['failed', { code: 'plugin_failed', message: 'bad wiring' }],
    );
    assert.deepEqual([of('skipping')?.state, of('skipping')?.reason], ['skipped', 'no graphics card']);
    assert.deepEqual([of('sick')?.state, of('sick')?.reason], ['degraded', 'down']);
    assert.deepEqual(of('scripted-sandbox')?.provides, ['sandbox-driver:scripted', 'language-runtime:script']);
    const [veto] = (of('taps')?.hooks ?? []) as { hook: string; calls: number; errors: number }[];
    assert.deepEqual([veto?.hook, veto?.calls, veto?.errors], ['execution.veto', 1, 0]);
  });
});
