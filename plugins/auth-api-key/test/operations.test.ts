import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bearer, principalOf, signal, withKeyHost } from './fixture.ts';
import type { KeyInfo } from '../src/key-record.ts';

const denied = { code: 'permission_denied' };
const invalid = { code: 'invalid_params' };

test('a key is shown once, with what it is; the list shows all but the key', async () => {
  await withKeyHost(async ({ host, createKey }) => {
    const made = await createKey({ name: 'ci – nightly', scopes: ['executions:create', 'executions:create'] });
    const { key, ...info } = made;
    assert.ok(key.startsWith(`sbx_${made.id}_`));
    assert.deepEqual(
      { ...info, id: '', createdAt: '' },
      {
        id: '',
        name: 'ci – nightly',
        tenant: 'acme',
        scopes: ['executions:create'],
        createdAt: '',
        createdBy: 'maker',
        expiresAt: null,
        revokedAt: null,
        lastUsedAt: null,
      },
    );
    const listed = await host.call('keys.list', {}, { principal: principalOf(['keys:list']) });
    assert.deepEqual(listed, { keys: [info], cursor: null });
  });
});

test('keys are listed page by page, the newest first', async () => {
  await withKeyHost(async ({ host, createKey }) => {
    const ids = new Set<string>();
    for (let n = 0; n < 5; n++) ids.add((await createKey({ name: `key ${n}` })).id);
    const listed: KeyInfo[] = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const params = { limit: 2, ...(cursor === undefined ? {} : { cursor }) };
      const page = await host.call('keys.list', params, { principal: principalOf(['*']) });
      const { keys, cursor: next } = page as { keys: KeyInfo[]; cursor: string | null };
      listed.push(...keys);
      cursor = next;
    }
    assert.deepEqual(new Set(listed.map(({ id }) => id)), ids);
    const times = listed.map(({ createdAt }) => createdAt);
    assert.deepEqual(times, times.toSorted().toReversed());
  });
});

test('nobody grants more than he has', async () => {
  await withKeyHost(async ({ createKey }) => {
    const maker = principalOf(['keys:*', 'executions:create', 'languages:*']);
    for (const scopes of [
      ['*'],
      ['executions:*'],
      ['executions:read'],
      ['hosts:read'],
      ['languages:*', 'executions:*'],
    ])
      await assert.rejects(createKey({ scopes }, maker), denied, scopes.join());
    for (const scopes of [['languages:read'], ['languages:*'], ['executions:create', 'keys:create']])
      assert.deepEqual((await createKey({ scopes }, maker))['scopes'], scopes);
    await assert.rejects(createKey({}, maker), denied);
    assert.deepEqual((await createKey({}, principalOf(['*'])))['scopes'], [
      'executions:*',
      'languages:read',
      'host:read',
    ]);
  });
});

test('only who holds * makes keys for another tenant', async () => {
  await withKeyHost(async ({ createKey, provider }) => {
    const wish = { tenant: 'other', scopes: ['keys:list'] };
    await assert.rejects(createKey(wish, principalOf(['keys:*'])), denied);
    const { key } = await createKey(wish, principalOf(['*']));
    assert.equal((await provider.verify(bearer(key), { signal }))?.tenant, 'other');
    assert.equal((await createKey({ ...wish, tenant: 'acme' }, principalOf(['keys:*'])))['tenant'], 'acme');
  });
});

test('a key makes no key that outlives it, and none once it has ended', async () => {
  await withKeyHost(async ({ host, provider, createKey }) => {
    const { id, key, expiresAt } = await createKey({ scopes: ['*'], expiresInMs: 3_600_000 });
    const maker = (await provider.verify(bearer(key), { signal }))!;
    assert.equal((await createKey({}, maker))['expiresAt'], expiresAt);
    assert.ok(String((await createKey({ expiresInMs: 1_000 }, maker))['expiresAt']) < String(expiresAt));
    await assert.rejects(createKey({ expiresInMs: 7_200_000 }, maker), denied);
    await host.call('keys.revoke', { id }, { principal: maker });
    await assert.rejects(createKey({}, maker), denied);
  });
});

test('the keys of another tenant are unknown', async () => {
  await withKeyHost(async ({ host, provider, createKey }) => {
    const { id, key } = await createKey();
    const stranger = { principal: principalOf(['*'], 'other') };
    assert.deepEqual(await host.call('keys.list', {}, stranger), { keys: [], cursor: null });
    const unknown = host.call('keys.revoke', { id: 'x'.repeat(12) }, stranger).catch((error: Error) => error.message);
    await assert.rejects(host.call('keys.revoke', { id }, stranger), {
      code: 'not_found',
      message: String(await unknown),
    });
    assert.ok(await provider.verify(bearer(key), { signal }));
  });
});

test('revoking ends a key at once, once', async () => {
  await withKeyHost(async ({ host, provider, createKey }) => {
    const { id, key } = await createKey();
    assert.ok(await provider.verify(bearer(key), { signal }));
    const options = { principal: principalOf(['keys:revoke']) };
    const first = (await host.call('keys.revoke', { id }, options)) as KeyInfo;
    assert.equal(await provider.verify(bearer(key), { signal }), undefined);
    assert.ok(first.revokedAt);
    for (let n = 0; n < 10; n++)
      assert.equal(((await host.call('keys.revoke', { id }, options)) as KeyInfo).revokedAt, first.revokedAt);
  });
});

test('each operation needs its permission', async () => {
  await withKeyHost(async ({ host, createKey }) => {
    const { id } = await createKey();
    const principal = principalOf(['executions:*', 'keys:none']);
    await assert.rejects(host.call('keys.create', { name: 'x' }, { principal }), denied);
    await assert.rejects(host.call('keys.list', {}, { principal }), denied);
    await assert.rejects(host.call('keys.revoke', { id }, { principal }), denied);
  });
});

const badWishes: Record<string, unknown>[] = [
  { name: '' },
  { name: 'x'.repeat(101) },
  { name: 'two\nlines' },
  { name: 'nul\0' },
  { name: '\u202ereversed' },
  { scopes: [] },
  { scopes: ['executions'] },
  { scopes: ['executions:*:*'] },
  { scopes: ['*:*'] },
  { scopes: ['EXECUTIONS:create'] },
  { scopes: ['executions:create\n'] },
  { scopes: '*' },
  { scopes: ['__proto__'] },
  { tenant: '' },
  { tenant: '../other' },
  { tenant: 'a b' },
  { expiresInMs: 0 },
  { expiresInMs: -1 },
  { expiresInMs: 1.5 },
  { expiresInMs: 1e15 },
  { surprise: true },
];
for (const wish of badWishes)
  test(`a wish that is refused: ${JSON.stringify(wish).slice(0, 40)}`, async () => {
    await withKeyHost(async ({ createKey }) => {
      await assert.rejects(createKey(wish), invalid);
    });
  });

test('hostile ids and cursors are refused by name', async () => {
  await withKeyHost(async ({ host }) => {
    const options = { principal: principalOf(['*']) };
    for (const id of ['__proto__', 'a\0b', "' OR 1=1 --", '\ud800'])
      await assert.rejects(host.call('keys.revoke', { id }, options), { code: 'not_found' });
    for (const id of ['', 'x'.repeat(101), 7, null])
      await assert.rejects(host.call('keys.revoke', { id }, options), invalid);
    for (const cursor of ['', 'x', '\0', 'e30'])
      await assert.rejects(host.call('keys.list', { cursor }, options), invalid);
  });
});
