import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestHost } from '@soulbox/plugin-sdk/testing';
import javascript from '../src/index.ts';

const languages = async (config: Record<string, unknown>) => {
  await using host = await createTestHost({ plugins: { 'language-javascript': { plugin: javascript, config } } });
  return (await host.call('languages.list')) as {
    languages: { name: string; available: boolean; reason: string | null; version: string }[];
  };
};

test('the plugin brings the language to a host, by default on the Node.js of the host', async () => {
  const [language] = (await languages({})).languages;
  assert.equal(language?.name, 'javascript');
  assert.equal(language?.version, process.versions.node);
});

test('without Node.js where it is said to be, the host starts and says what is missing', async () => {
  const [language] = (await languages({ command: '/does/not/exist/node' })).languages;
  assert.equal(language?.available, false);
  assert.match(language?.reason ?? '', /install Node\.js/);
});

test('unknown settings are refused', () => {
  for (const value of [{ comand: 'node' }, { command: '' }]) {
    const result = javascript.definition.config?.['~standard'].validate(value);
    assert.ok(result && !(result instanceof Promise) && result.issues, JSON.stringify(value));
  }
});
