import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestHost } from '@soulbox/plugin-sdk/testing';
import python from '../src/index.ts';

const languages = async (config: Record<string, unknown>) => {
  await using host = await createTestHost({ plugins: { 'language-python': { plugin: python, config } } });
  return (await host.call('languages.list')) as {
    languages: { name: string; available: boolean; reason: string | null }[];
  };
};

test('the plugin brings the language to a host', async () => {
  const [language] = (await languages({})).languages;
  assert.equal(language?.name, 'python');
  assert.equal(language?.available, true);
});

test('without an interpreter the host starts, and says what is missing', async () => {
  const [language] = (await languages({ command: '/does/not/exist/python3' })).languages;
  assert.equal(language?.available, false);
  assert.match(language?.reason ?? '', /install Python/);
  assert.ok(!language?.reason?.includes('/does'));
});

test('unknown settings are refused', () => {
  const problems = (value: unknown) => python.definition.config?.['~standard'].validate(value);
  for (const value of [{ comand: 'python3' }, { command: '' }, { packages: 'yes' }]) {
    const result = problems(value);
    assert.ok(result && !(result instanceof Promise) && result.issues, JSON.stringify(value));
  }
});
