import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DependencyLayers } from '@soulbox/plugin-sdk';
import { lifecycleSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import { createTestHost } from '@soulbox/plugin-sdk/testing';
import plugin from '../src/index.ts';

packageSuite({ folder: new URL('../..', import.meta.url) });
lifecycleSuite({
  plugin,
  badConfigs: {
    'a host without a port': { allow: ['pypi.org'] },
    'an address in the place of a host': { private: ['https://pypi.org'] },
    'no time': { wallMs: 0 },
  },
});

test('a host gets the service, and programs that name what cannot be had are refused', async () => {
  await using host = await createTestHost({ plugins: { 'dependency-layers': { plugin } } });
  assert.ok(host.service(DependencyLayers));
  const params = { language: 'script', code: 'out x', dependencies: ['x'] };
  await assert.rejects(host.call('executions.create', params), { code: 'unsupported' });
});
