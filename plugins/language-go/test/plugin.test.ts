import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LanguageInfo } from '@soulbox/plugin-sdk';
import { createTestHost } from '@soulbox/plugin-sdk/testing';
import plugin from '../src/index.ts';
import { cache } from './cache.ts';

async function listed(config: Record<string, unknown>) {
  await using host = await createTestHost({ plugins: { 'language-go': { plugin, config } } });
  const { languages } = (await host.call('languages.list')) as { languages: LanguageInfo[] };
  return languages.find((language) => language.name === 'go');
}

test('the plugin brings the language to a host', async () => {
  const language = await listed({ cache });
  assert.equal(language?.available, true);
  assert.match(language.version, /^\d+\.\d+/);
});

test('where the toolchain is not what the configuration says, the host starts and tells what to install', async () => {
  const language = await listed({ cache, command: '/does/not/exist/go' });
  assert.equal(language?.available, false);
  assert.match(language.reason ?? '', /apt install golang-go/);
  assert.doesNotMatch(language.reason ?? '', /does\/not/);
});

test('settings that are unknown or out of range are refused', () => {
  for (const value of [
    { comand: 'go' },
    { command: '' },
    { standard: '20; rm' },
    { options: '-O1' },
    { options: [''] },
  ]) {
    const result = plugin.definition.config?.['~standard'].validate(value);
    assert.ok(result && !(result instanceof Promise) && result.issues, JSON.stringify(value));
  }
});
