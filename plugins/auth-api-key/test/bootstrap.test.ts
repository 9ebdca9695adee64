import assert from 'node:assert/strict';
import { test } from 'node:test';

import { bearer, signal, withKeyHost, type FragileStore } from './fixture.ts';

async function firstKey(store: FragileStore): Promise<{ id: string; value: Record<string, never> }> {
  const [first = assert.fail('there is no key')] = (await store.query('api-keys', {})).documents;
  return { id: first.id, value: first.value as Record<string, never> };
}

test('the first key is an administrator of the tenant default, and the only first one', async () => {
  await withKeyHost(async ({ provider }) => {
    const made = await provider.bootstrap!();
    assert.equal(made?.label, 'admin key');
    const principal = await provider.verify(bearer(made.secret), { signal });
    assert.deepEqual({ ...principal, id: '' }, { id: '', tenant: 'default', roles: [], scopes: ['*'] });
    assert.equal(await provider.bootstrap!(), undefined);
  });
});

test('a revoked administrator is not replaced: who revoked it meant it', async () => {
  await withKeyHost(async ({ provider }, store) => {
    await provider.bootstrap!();
    const { id, value } = await firstKey(store);
    const revoked = { ...value, revokedAt: new Date().toISOString() };
    await store.commit([{ op: 'put', collection: 'api-keys', id, value: revoked }]);
    assert.equal(await provider.bootstrap!(), undefined);
  });
});

test('a first key is made anew when all keys are gone', async () => {
  await withKeyHost(async ({ provider }, store) => {
    const old = await provider.bootstrap!();
    const { id } = await firstKey(store);
    await store.commit([{ op: 'delete', collection: 'api-keys', id }]);
    const made = await provider.bootstrap!();
    assert.ok(made && made.secret !== old?.secret);
  });
});

test('a first key that cannot be written is an error, and is made later', async () => {
  await withKeyHost(async ({ provider }, store) => {
    const commit = store.commit.bind(store);
    store.commit = () => Promise.reject(new Error('the disk is full'));
    await assert.rejects(provider.bootstrap!(), /the disk is full/);
    store.commit = commit;
    assert.ok(await provider.bootstrap!());
  });
});
