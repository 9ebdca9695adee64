import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { pino } from 'pino';
import { CompileCache } from '../../src/execution/compile-cache.ts';

const root = mkdtempSync(join(tmpdir(), 'soulbox-compile-cache-'));
after(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const newFolder = () => join(root, String((folders += 1)));
const log = pino({ level: 'silent' });

async function open(folder: string, maximumBytes = 1_000_000): Promise<CompileCache> {
  const cache = await CompileCache.open({ folder, maximumBytes, log });
  assert.ok(cache);
  return cache;
}

async function kept(cache: CompileCache, what: string, content: Uint8Array): Promise<string> {
  const name = cache.name(what);
  cache.keep(name, content);
  await cache.settled();
  return name;
}

describe('what compilers have made', () => {
  it('is found again, by this host and the next', async () => {
    const folder = newFolder();
    const cache = await open(folder);
    assert.equal(await cache.find(cache.name('a')), undefined);
    const name = await kept(cache, 'a', Buffer.from('made'));
    assert.equal((await cache.find(name))?.toString(), 'made');
    const next = await open(folder);
    assert.equal(next.name('a'), name);
    assert.equal((await next.find(name))?.toString(), 'made');
    assert.equal(await next.find(next.name('b')), undefined);
  });

  it('is for its owner alone', async () => {
    const folder = newFolder();
    const name = await kept(await open(folder), 'a', Buffer.from('made'));
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    for (const file of ['secret', name]) assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600);
  });

  const damages: Record<string, (path: string, other: string) => void> = {
    cut: (path) => writeFileSync(path, readFileSync(path).subarray(0, 40)),
    'cut to nothing': (path) => writeFileSync(path, ''),
    changed: (path) => writeFileSync(path, readFileSync(path).fill(1, 40, 41)),
    'put in the place of another': (path, other) => writeFileSync(path, readFileSync(other)),
    'taken away': (path) => rmSync(path),
    'a folder': (path) => {
      rmSync(path);
      mkdirSync(path);
    },
  };
  for (const [damage, inflict] of Object.entries(damages))
    it(`that was ${damage} is as good as none, and can be kept anew`, async () => {
      const folder = newFolder();
      const cache = await open(folder);
      const other = await kept(cache, 'other', Buffer.from('another program altogether, and longer'));
      const name = await kept(cache, 'a', Buffer.from('made by a compiler'));
      inflict(join(folder, name), join(folder, other));
      assert.equal(await cache.find(name), undefined);
      await kept(cache, 'a', Buffer.from('made again'));
      assert.equal((await cache.find(name))?.toString(), 'made again');
    });

  it('of another secret is not believed', async () => {
    const folder = newFolder();
    const name = await kept(await open(folder), 'a', Buffer.from('made'));
    writeFileSync(join(folder, 'secret'), 'cut');
    const cache = await open(folder);
    assert.notEqual(cache.name('a'), name);
    assert.equal(await cache.find(name), undefined);
    assert.ok(!readdirSync(folder).includes(name));
  });

  it('has no more bytes than it may: what was used least lately goes', async () => {
    const folder = newFolder();
    const cache = await open(folder, 400);
    const names = [];
    for (const what of ['a', 'b', 'c']) names.push(await kept(cache, what, Buffer.alloc(90)));
    const [a = '', b = '', c = ''] = names;
    assert.ok(await cache.find(a));
    const d = await kept(cache, 'd', Buffer.alloc(90));
    assert.deepEqual(await Promise.all([a, b, c, d].map(async (name) => (await cache.find(name))?.length)), [
      90,
      undefined,
      90,
      90,
    ]);
    assert.equal(await cache.find(await kept(cache, 'large', Buffer.alloc(500))), undefined);
    assert.ok(await cache.find(a), 'for what is too large nothing goes');
    await open(folder, 130);
    assert.equal(readdirSync(folder).length, 2, 'one entry, and the secret');
  });

  it('is not kept where the disk cannot take it, and nothing is left of it', async () => {
    const folder = newFolder();
    const cache = await open(folder);
    mkdirSync(join(folder, cache.name('a'), 'in-the-way'), { recursive: true });
    assert.equal(await cache.find(await kept(cache, 'a', Buffer.from('made'))), undefined);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes('.')),
      [],
    );
    rmSync(folder, { recursive: true });
    assert.equal(await cache.find(await kept(cache, 'b', Buffer.from('made'))), undefined);
  });

  it('is written once at a time, and not without bounds', async () => {
    const folder = newFolder();
    const cache = await open(folder);
    const names = Array.from({ length: 20 }, (_, n) => cache.name(String(n)));
    for (const name of [...names, ...names]) cache.keep(name, Buffer.from('x'));
    await cache.settled();
    const present = await Promise.all(names.map((name) => cache.find(name)));
    assert.equal(present.filter(Boolean).length, 8);
  });

  it('is without what a host that was killed left behind', async () => {
    const folder = newFolder();
    const name = await kept(await open(folder), 'a', Buffer.from('made'));
    writeFileSync(join(folder, `${name}.0123`), 'half');
    await open(folder);
    assert.deepEqual(readdirSync(folder).toSorted(), [name, 'secret'].toSorted());
  });

  it('is not kept at all where there is no folder', async () => {
    const file = newFolder();
    writeFileSync(file, '');
    assert.equal(await CompileCache.open({ folder: join(file, 'below'), maximumBytes: 1, log }), undefined);
  });
});
