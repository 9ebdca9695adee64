import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { scriptedHost } from '../support/scripted-host.ts';

describe('languages.detect', () => {
  it('answers what a program is written in', async () => {
    await using host = await scriptedHost();
    assert.deepEqual(await host.call('languages.detect', { fileName: 'a.script' }), {
      language: 'script',
      confidence: 1,
      by: 'name',
      candidates: [{ language: 'script', confidence: 1 }],
    });
    const unknown = { language: null, confidence: 0, by: null, candidates: [] };
    assert.deepEqual(await host.call('languages.detect', { fileName: 'a.txt', code: 'out x' }), unknown);
  });

  it('refuses a call that gives it nothing to go by', async () => {
    await using host = await scriptedHost();
    for (const params of [{}, { fileName: '' }, { code: 7 }, { code: 'x', more: true }])
      await assert.rejects(host.call('languages.detect', params), { code: 'invalid_params' });
  });
});
