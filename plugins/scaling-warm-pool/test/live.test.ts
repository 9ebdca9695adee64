import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTestHost, ScriptedDriver, scriptedSandbox } from '@soulbox/plugin-sdk/testing';
import plugin from '../src/index.ts';

test('in a host it says how many wait, and keeps the box of a tenant that has a pool of its own', async () => {
  const driver = new ScriptedDriver();
  driver.report = { ...driver.report, capabilities: ['warm'] };
  await using host = await createTestHost({
    plugins: {
      'scripted-sandbox': { plugin: scriptedSandbox(driver) },
      'scaling-warm-pool': { plugin, config: { tenants: { acme: { programs: 7 } } } },
    },
  });
  const acme = { id: 'someone', tenant: 'acme', roles: [], scopes: ['*'] };
  await host.call('executions.create', { language: 'script', code: 'out x' }, { principal: acme });
  while (!driver.warmed.some(({ count }) => count === 7)) await sleep(5);
  const { sandboxes } = (await host.call('boxes.list', {}, { principal: acme })) as { sandboxes: unknown[] };
  assert.equal(sandboxes.length, 1);
  assert.match(JSON.stringify(await host.call('plugins.list')), /bytes wait|scaling-warm-pool/);
});
