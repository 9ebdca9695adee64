import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, readlink, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { pack, type Pack } from 'tar-stream';
import { unpack } from '../src/unpack.ts';

type Entry = readonly [header: Parameters<Pack['entry']>[0], content?: string];

function archive(entries: readonly Entry[]): AsyncIterable<Uint8Array> {
  const made = pack();
  for (const [header, content = ''] of entries) made.entry(header, content);
  made.finalize();
  return made as AsyncIterable<Uint8Array>;
}

const limits = { bytes: 1_000, files: 10 };

describe('what was built', () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'soulbox-unpack-'))));
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('arrives as files, folders and links, with no more than "executable" of their modes', async () => {
    const bytes = await unpack(
      archive([
        [{ name: './', type: 'directory' }],
        [{ name: './bin/', type: 'directory', mode: 0o777 }],
        [{ name: './bin/run', mode: 0o4711 }, '#!/bin/sh\n'],
        [{ name: './lib/deep/data', mode: 0o600 }, 'x'],
        [{ name: './lib/run', type: 'symlink', linkname: '../bin/run' }],
      ]),
      folder,
      limits,
    );
    assert.equal(bytes, 11);
    assert.equal(await readFile(join(folder, 'lib/run'), 'utf8'), '#!/bin/sh\n');
    assert.equal(await readlink(join(folder, 'lib/run')), '../bin/run');
    const mode = async (path: string) => (await stat(join(folder, path))).mode & 0o7777;
    assert.deepEqual([await mode('bin/run'), await mode('lib/deep/data'), await mode('bin')], [0o755, 0o644, 0o755]);
  });

  const bad: Readonly<Record<string, readonly Entry[]>> = {
    'a path upwards': [[{ name: '../x' }, 'x']],
    'a path upwards in the middle': [[{ name: 'a/../../x' }, 'x']],
    'an absolute path': [[{ name: '/etc/x' }, 'x']],
    'a link upwards': [[{ name: 'l', type: 'symlink', linkname: '../..' }]],
    'an absolute link': [[{ name: 'l', type: 'symlink', linkname: '/etc' }]],
    'a file through a link': [[{ name: 'd', type: 'symlink', linkname: 'e' }], [{ name: 'd/x' }, 'x']],
    'a file in the place of a link': [[{ name: 'd', type: 'symlink', linkname: 'e' }], [{ name: 'd' }, 'x']],
    'a hard link': [[{ name: 'h', type: 'link', linkname: 'x' }]],
    'a device': [[{ name: 'dev', type: 'character-device', devmajor: 1, devminor: 3 }]],
    'a pipe': [[{ name: 'p', type: 'fifo' }]],
    'too many files': Array.from({ length: 11 }, (_, n): Entry => [{ name: `f${n}` }]),
    'too many bytes': [[{ name: 'big' }, 'x'.repeat(1_001)]],
  };
  for (const [what, entries] of Object.entries(bad))
    it(`is refused with ${what}`, async () => {
      const inner = join(folder, 'inner');
      await import('node:fs/promises').then(({ mkdir }) => mkdir(inner));
      await assert.rejects(unpack(archive(entries), inner, limits), { code: 'dependency_failed' });
      assert.deepEqual(await readdir(folder), ['inner']);
    });

  it('that is cut off or no archive is an error', async () => {
    async function* noise() {
      yield Buffer.alloc(2_048, 'x');
    }
    await assert.rejects(unpack(noise(), folder, limits));
    async function* cut() {
      for await (const piece of archive([[{ name: 'a' }, 'x'.repeat(900)]])) {
        yield piece.subarray(0, 600);
        return;
      }
    }
    await assert.rejects(unpack(cut(), folder, limits));
  });
});
