import assert from 'node:assert/strict';
import { test } from 'node:test';
import { definePlugin, Store, type PluginContext } from '@soulbox/plugin-sdk';
import { createTestHost, MemoryStore } from '@soulbox/plugin-sdk/testing';
import { Forecaster } from '../src/forecaster.ts';
import plugin from '../src/index.ts';
import { Memory } from '../src/memory.ts';

const warnings: string[] = [];
const log = { warn: (_about: unknown, text: string) => warnings.push(text) } as unknown as PluginContext['log'];
const stateOf = (seen: number) => {
  const forecaster = new Forecaster({ worthSeconds: 1, replaceMs: 1, margin: 1, max: 1 });
  forecaster.decide(seen, 0, 0);
  return forecaster.state;
};

test('what was learned is written and read, and what is gone is taken away', async () => {
  const store = new MemoryStore();
  const memory = new Memory(store, log);
  assert.deepEqual(await memory.load(), new Map());
  const states = new Map(Array.from({ length: 250 }, (_, index) => [`series ${index}`, stateOf(index)]));
  await memory.save(states);
  const read = await new Memory(store, log).load();
  assert.equal(read.size, states.size);
  for (const [series, state] of states) assert.deepEqual(read.get(series), state);
  await memory.save(new Map([['series 1', stateOf(1)]]));
  assert.deepEqual([...(await new Memory(store, log).load()).keys()], ['series 1']);
});

test('what cannot be read is learned anew, and what cannot be written is written later', async () => {
  const store = new MemoryStore();
  await store.define('scaling-demand', { indexes: [] });
  await store.commit([{ op: 'put', collection: 'scaling-demand', id: 'x', value: { series: 1 } }]);
  const memory = new Memory(store, log);
  assert.deepEqual(await memory.load(), new Map());
  assert.match(warnings.pop() ?? '', /cannot be read/);
  const commit = store.commit.bind(store);
  store.commit = () => Promise.reject(new Error('full'));
  await memory.save(new Map([['a', stateOf(1)]]));
  assert.match(warnings.pop() ?? '', /not written/);
  store.commit = commit;
  await memory.save(new Map([['a', stateOf(1)]]));
  assert.deepEqual([...(await new Memory(store, log).load()).keys()], ['a']);
});

test('a host goes on with what an earlier one learned, and explains it', async () => {
  const store = new MemoryStore();
  const given = definePlugin({ id: 'given', provides: [Store], setup: (context) => context.provide(Store, store) });
  for (const apply of [true, false]) {
    await using host = await createTestHost({
      plugins: { given: { plugin: given }, 'scaling-predictive': { plugin, config: { apply } } },
      config: { host: { logLevel: 'silent' } },
    });
    for (let n = 0; n < 8; n++) await host.call('executions.create', { language: 'script', code: 'out x' });
    const { decisions } = (await host.call('demand.explain')) as { decisions: { series: string[]; why: string }[] };
    assert.deepEqual(decisions.at(-1)?.series.slice(0, 1), ['boxes']);
    assert.match(decisions.at(-1)?.why ?? '', /^\d/);
  }
  const { documents } = await store.query('scaling-demand', {});
  assert.ok(documents.length > 0);
});
