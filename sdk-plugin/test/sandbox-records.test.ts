import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SandboxRecords, SoulboxError, z, type LiveSandboxes, type Store } from '@soulbox/plugin-sdk';
import { MemoryStore } from '@soulbox/plugin-sdk/testing';

const Shape = z.object({ tenant: z.string(), sandbox: z.string(), createdAt: z.string(), port: z.number() });
const record = (id: string, sandbox: string, tenant = 't', createdAt = '2026-01-01') => ({
  id,
  tenant,
  sandbox,
  createdAt,
  port: 1,
});

/** Knows only these. */
const sandboxes = (states: Readonly<Record<string, string>>) =>
  ({
    get: async (id: string) => {
      if (id === 'broken') throw new SoulboxError('storage_failed', 'the store is away');
      if (states[id] === undefined) throw new SoulboxError('not_found', 'there is no such sandbox');
      return { state: states[id] };
    },
  }) as unknown as LiveSandboxes;
const open = (store: Store, states: Readonly<Record<string, string>> = {}) =>
  SandboxRecords.open(store, 'things', Shape, sandboxes(states));

describe('records of sandboxes that stay', () => {
  it('are of one tenant, the oldest first, and bounded', async () => {
    const records = await open(new MemoryStore());
    await records.put(record('b', 's1', 't', '2026-02-02'), 2);
    await records.put(record('a', 's2', 't', '2026-01-01'), 2);
    await records.put(record('c', 's1', 'u'), 2);
    await assert.rejects(records.put(record('d', 's1'), 2), { code: 'overloaded' });
    await records.put({ ...record('a', 's2'), port: 2 }, 2);
    assert.deepEqual(
      records.of('t').map(({ id, port }) => `${id} ${port}`),
      ['a 2', 'b 1'],
    );
    assert.deepEqual(
      records.of('t', 's1').map(({ id }) => id),
      ['b'],
    );
    assert.equal(records.get('a')?.port, 2);
    assert.equal(records.all.length, 3);
  });

  it('stay as they were where they cannot be kept', async () => {
    const store = new MemoryStore();
    const records = await open(store);
    await records.put(record('a', 's'), 9);
    store.commit = () => Promise.reject(new SoulboxError('storage_failed', 'full'));
    await assert.rejects(records.put({ ...record('a', 's'), port: 2 }, 9), { code: 'storage_failed' });
    await assert.rejects(records.put(record('b', 's'), 9), { code: 'storage_failed' });
    assert.deepEqual(
      records.all.map(({ id, port }) => `${id} ${port}`),
      ['a 1'],
    );
  });

  it('go with their sandbox, also where nobody was there to see it', async () => {
    const store = new MemoryStore();
    const records = await open(store);
    for (const [id, sandbox] of Object.entries({
      a: 'runs',
      b: 'ended',
      c: 'lost',
      d: 'unknown',
      e: 'runs',
      f: 'paused',
    }))
      await records.put(record(id, sandbox), 9);
    const later = await open(store, { runs: 'running', ended: 'ended', lost: 'lost', paused: 'paused' });
    assert.deepEqual(later.all.map(({ id }) => id).toSorted(), ['a', 'e', 'f']);
    assert.deepEqual((await later.removeOf('runs')).toSorted(), ['a', 'e']);
    const last = await open(store, { paused: 'paused' });
    assert.deepEqual(
      last.all.map(({ id }) => id),
      ['f'],
    );
    await last.put(record('g', 'broken'), 9);
    await assert.rejects(open(store, { paused: 'paused' }), { code: 'storage_failed' });
  });
});
