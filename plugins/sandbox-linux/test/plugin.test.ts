import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SandboxDriver } from '@soulbox/plugin-sdk';
import { createTestHost } from '@soulbox/plugin-sdk/testing';
import plugin from '../src/index.ts';

describe('the plugin', () => {
  it('provides the driver named linux, answers for its health, and stops with its boxes', async () => {
    const host = await createTestHost({
      plugins: { 'sandbox-linux': { plugin, config: { uidBase: 1_700_000_000, uidBlocks: 16 } } },
    });
    try {
      const driver = host.service<SandboxDriver>(SandboxDriver, 'linux');
      assert.ok(driver);
      const { signal } = new AbortController();
      assert.equal((await driver.probe({ signal })).available, true);
      await driver.create({ paths: [], labels: {} }, { signal });
      assert.equal((await driver.list()).length, 1);
      await host.stop();
      assert.deepEqual(await driver.list(), []);
    } finally {
      await host.stop();
    }
  });

  for (const config of [
    { uidCount: 100, maxRuns: 64 },
    { uidBase: 2_000_000_000, uidBlocks: 65_536, uidCount: 65_536 },
    { paths: ['relative'] },
    { unknown: 1 },
  ])
    it(`refuses the configuration ${JSON.stringify(config)}`, async () => {
      const schema = plugin.definition.config!;
      const result = await schema['~standard'].validate(config);
      assert.ok(result.issues && result.issues.length > 0);
    });
});
