import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newRecord } from '../../src/plugins/record.ts';
import { nextRestart } from '../../src/plugins/restarts.ts';
import { embeddedPlugins } from '../../src/plugins/source.ts';
import { configFrom } from '../../src/config/load.ts';
import { plugin } from '../support/plugins.ts';
import { recordingLog } from '../support/log.ts';

test('a process that ends again and again is started later each time, and then no more; a quiet minute forgives', () => {
  const settings = { host: configFrom({}).config.host, log: recordingLog().log };
  const [source] = embeddedPlugins({ p: { plugin: plugin('p', () => {}) } }, settings);
  const record = newRecord(source!);
  const delays = [0, 1, 2, 3].map((second) => nextRestart(record, 3, second * 1_000));
  assert.deepEqual(delays, [100, 200, 400, undefined]);
  assert.equal(nextRestart(record, 3, 70_000), 100);
  const often = newRecord(source!);
  const last = Array.from({ length: 12 }, (_, n) => nextRestart(often, 100, n)).at(-1);
  assert.equal(last, 10_000);
});
