import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { withKeyHost, principalOf, bearer, signal } from './fixture.ts';

const program = fileURLToPath(new URL('./secrecy-main.js', import.meta.url));

test('a key is in no commit, no answer but its first, no error and no line of the log', async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, 'use-keys']);
  const { key, seen } = JSON.parse(stdout) as { key: string; seen: unknown[] };
  const [, id, secret] = key.split('_');
  const text = JSON.stringify(seen);
  // The id may be seen, and proves that we look at the right places.
  for (const place of [text, stderr]) assert.ok(place.includes(id!));
  for (const place of [text, stderr]) {
    assert.ok(!place.includes(key));
    assert.ok(!place.includes(secret!));
  }
  for (const code of ['unauthenticated', 'auth_unavailable', 'not_found', 'storage_failed'])
    assert.ok(text.includes(`"code":"${code}"`), code);
});

test('the time of last use is written, when the host stops at the latest', async () => {
  await withKeyHost(async ({ host, provider, createKey }, store) => {
    const { id, key } = await createKey();
    await provider.verify(bearer(key), { signal });
    await host.stop();
    const use = await store.get('api-key-uses', id);
    assert.ok(Date.parse(use?.value['lastUsedAt'] as string) <= Date.now());
  });
});

test('a use that cannot be written harms nobody, and the next one is', async () => {
  await withKeyHost(async ({ host, provider, createKey }, store) => {
    const { key } = await createKey();
    await provider.verify(bearer(key), { signal });
    const commit = store.commit.bind(store);
    const refused = new Promise<void>((done) => {
      store.commit = async () => {
        store.commit = commit;
        done();
        throw new Error('the disk is full');
      };
    });
    await refused;
    await provider.verify(bearer(key), { signal });
    const lastUse = async () => {
      const page = await host.call('keys.list', {}, { principal: principalOf(['*']) });
      return (page as { keys: { lastUsedAt: string | null }[] }).keys[0]?.lastUsedAt;
    };
    while (!(await lastUse())) await new Promise((next) => void setTimeout(next, 20));
  });
});
