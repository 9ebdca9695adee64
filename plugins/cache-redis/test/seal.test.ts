import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Seal, sealBytes } from '../src/seal.ts';
import { ownSecret } from '../src/secret.ts';

const seal = new Seal('s'.repeat(32));
const value = Buffer.from('value');

describe('a sealed entry', () => {
  it('opens under its own key, with its time', () => {
    for (const key of ['', 'key', 'a:b\n\0é'])
      assert.deepEqual(seal.open(key, seal.close(key, value, 1_234.5)), { value, until: 1_234.5 });
    assert.deepEqual(seal.open('key', seal.close('key', Buffer.alloc(0), 1)), { value: Buffer.alloc(0), until: 1 });
    assert.equal(seal.close('key', value, 1).length, sealBytes + value.length);
  });

  it('opens for nobody with another secret, under no other key, with no bit changed and none cut off', () => {
    const entry = seal.close('key', value, 1);
    assert.equal(new Seal('t'.repeat(32)).open('key', entry), undefined);
    assert.equal(seal.open('kez', entry), undefined);
    for (let bit = 0; bit < entry.length * 8; bit++) {
      const changed = Buffer.from(entry);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      assert.equal(seal.open('key', changed), undefined);
    }
    for (let length = 0; length < entry.length; length++)
      assert.equal(seal.open('key', entry.subarray(0, length)), undefined);
    assert.equal(seal.open('key', Buffer.concat([entry, Buffer.alloc(1)])), undefined);
  });

  it('has a name that tells nothing of its key', () => {
    assert.match(seal.nameOf('key\n:'), /^[\w-]{43}$/);
    assert.notEqual(seal.nameOf('a'), seal.nameOf('b'));
    assert.notEqual(seal.nameOf('a'), new Seal('t'.repeat(32)).nameOf('a'));
  });
});

describe('the secret of a data folder', () => {
  it('is made once, for its owner only, however many want it at once', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'soulbox-secret-'));
    try {
      const secrets = await Promise.all(Array.from({ length: 20 }, () => ownSecret(folder)));
      assert.equal(new Set(secrets).size, 1);
      assert.equal(await ownSecret(folder), await readFile(join(folder, 'secret'), 'utf8'));
      assert.equal((await stat(join(folder, 'secret'))).mode & 0o777, 0o600);
      await writeFile(join(folder, 'secret'), '');
      await assert.rejects(ownSecret(folder), { code: 'storage_failed' });
    } finally {
      await rm(folder, { recursive: true });
    }
    await assert.rejects(ownSecret(folder), { code: 'ENOENT' });
  });
});
