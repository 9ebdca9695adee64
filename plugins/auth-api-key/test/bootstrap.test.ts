import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FragileStore, bearer, signal, startKeyHost, withKeyHost } from './fixture.ts';

test('the first start on a store makes an administrator, the next ones do not', async () => {
  const store = new FragileStore();
  for (const expected of [1, 0]) {
    const { host, provider } = await startKeyHost(store);
    const { notices } = host.host;
    await host.stop();
    assert.equal(notices.length, expected);
    for (const { secret } of notices)
      assert.deepEqual(
        { ...(await provider.verify(bearer(secret), { signal })), id: '' },
        {
          id: '',
          tenant: 'default',
          roles: [],
          scopes: ['*'],
        },
      );
  }
});

test('a revoked administrator is not replaced: who revoked it meant it', async () => {
  await withKeyHost(async ({ provider }, store) => {
    const [first] = (await store.query('api-keys', {})).documents;
    const value = { ...first!.value, revokedAt: new Date().toISOString() };
    await store.commit([{ op: 'put', collection: 'api-keys', id: first!.id, value }]);
    assert.equal(await provider.bootstrap!(), undefined);
  });
});

test('a first key that cannot be written is an error, and is made later', async () => {
  await withKeyHost(async ({ provider }, store) => {
    const [first] = (await store.query('api-keys', {})).documents;
    await store.commit([{ op: 'delete', collection: 'api-keys', id: first!.id }]);
    const commit = store.commit.bind(store);
    store.commit = () => Promise.reject(new Error('the disk is full'));
    await assert.rejects(provider.bootstrap!(), /the disk is full/);
    store.commit = commit;
    assert.equal((await provider.bootstrap!())?.label, 'admin key');
  });
});
