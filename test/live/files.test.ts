import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { follow, otherTenant, overDrivers, startLiveHost, type LiveHost } from '../support/live-host.ts';
import { python } from '../support/python.ts';

const uidBase = 1_700_000_000 + (process.pid % 1000) * 20_000;
type Entry = { path: string; type: string; size: number; mode: number; target: string | null };

/** What Python makes of a zip, and some zips of its own. */
async function seenByPython(zip: Buffer) {
  const program = `
import base64, io, json, sys, zipfile
given = zipfile.ZipFile(io.BytesIO(base64.b64decode(sys.stdin.read())))
def made(entries, compression=zipfile.ZIP_DEFLATED):
    to = io.BytesIO()
    with zipfile.ZipFile(to, "w", compression) as out:
        for name, content, bits in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = bits << 16 | 0x20
            out.writestr(info, content)
    return base64.b64encode(to.getvalue()).decode()
print(json.dumps({
    "names": given.namelist(),
    "again": made([(n, given.read(n), 0) for n in given.namelist()], zipfile.ZIP_STORED),
    "out": made([("../out", "x", 0o644)]),
    "linkOut": made([("l", "/etc", 0o120777), ("l/passwd", "x", 0o644)]),
    "longLink": made([("l", "x" * 5000, 0o120777)]),
    "many": made([("n%d" % i, "x", 0o644) for i in range(50)]),
}))`;
  const child = execFile(python, ['-c', program]);
  child.stdin!.end(zip.toString('base64'));
  const { names, ...zips } = JSON.parse(await text(child.stdout!)) as { names: string[] } & Record<string, string>;
  const bytes = (name: string) => Buffer.from(zips[name]!, 'base64');
  return {
    names,
    again: bytes('again'),
    out: bytes('out'),
    linkOut: bytes('linkOut'),
    longLink: bytes('longLink'),
    many: bytes('many'),
  };
}

overDrivers('files of a sandbox that stays', (driver) => {
  let live: LiveHost;
  let sandbox: string;
  before(async () => {
    live = await startLiveHost({ driver, uidBase });
    sandbox = await live.create({ limits: { diskBytes: 32_000_000 } });
  });
  after(() => live?.[Symbol.asyncDispose]());

  const call = <T = Record<string, unknown>>(verb: string, params: object) =>
    live.call<T>(`files.${verb}`, { sandbox, ...params });
  const upload = async (params: object, content: Uint8Array): Promise<Entry> => {
    const { upload: id } = await call<{ upload: string }>('openUpload', params);
    for (let offset = 0; offset < content.length;) {
      const part = Buffer.from(content.subarray(offset, offset + 300_000)).toString('base64');
      ({ offset } = await call<{ offset: number }>('uploadPart', {
        upload: id,
        offset,
        content: part,
        encoding: 'base64',
      }));
    }
    return call<Entry>('commitUpload', { upload: id });
  };
  const bytesOf = (events: readonly Record<string, unknown>[]): Buffer =>
    Buffer.concat(events.map(({ content }) => Buffer.from(String(content), 'base64')));

  it('are written and read', async () => {
    const written = await call<Entry>('write', { path: 'a/b.txt', content: 'héllo\n', mode: 0o600 });
    assert.deepEqual(
      [written.path, written.type, written.size, written.mode],
      ['/home/sandbox/a/b.txt', 'file', 7, 0o600],
    );
    assert.deepEqual(await call('read', { path: 'a/b.txt' }), { content: 'héllo\n', encoding: 'utf8' });
    assert.deepEqual(await call('read', { path: 'a/b.txt', offset: 3, length: 2 }), {
      content: 'll',
      encoding: 'utf8',
    });
    const base64 = Buffer.from('héllo\n').toString('base64');
    assert.deepEqual(await call('read', { path: 'a/b.txt', encoding: 'base64' }), {
      content: base64,
      encoding: 'base64',
    });
    await call('write', { path: 'a/b.txt', content: Buffer.from([255, 0]).toString('base64'), encoding: 'base64' });
    assert.deepEqual(await call('read', { path: 'a/b.txt' }), { content: '/wA=', encoding: 'base64' });
    await call('write', { path: 'a/b.txt', content: 'x', append: true });
    assert.equal((await call<Entry>('stat', { path: 'a/b.txt' })).size, 3);
    const { entries } = await call<{ entries: Entry[] }>('writeMany', {
      files: [
        { path: 'm/1', content: 'one' },
        { path: 'm/2', content: 'dHdv', encoding: 'base64', mode: 0o755 },
      ],
    });
    assert.deepEqual(
      entries.map(({ size, mode }) => [size, mode]),
      [
        [3, 0o644],
        [3, 0o755],
      ],
    );
    assert.equal((await call<{ content: string }>('read', { path: 'm/2' })).content, 'two');
  });

  it('are listed, moved, copied, linked and removed', async () => {
    await call('makeFolder', { path: 't/u/v', mode: 0o700 });
    await call('write', { path: 't/u/f', content: '12345' });
    const link = await call<Entry>('link', { path: 't/l', target: 'u/f' });
    assert.deepEqual([link.type, link.target], ['link', 'u/f']);
    assert.equal((await call<Entry>('stat', { path: 't/l', follow: true })).size, 5);
    const list = async (path: string, depth?: number) => {
      const { entries } = await call<{ entries: Entry[] }>('list', { path, ...(depth === undefined ? {} : { depth }) });
      return entries.map((entry) => entry.path.replace('/home/sandbox/', '')).toSorted();
    };
    assert.deepEqual(await list('t'), ['t/l', 't/u']);
    assert.deepEqual(await list('t', 3), ['t/l', 't/u', 't/u/f', 't/u/v']);
    assert.equal((await call<Entry>('move', { from: 't/u/f', to: 't/g' })).size, 5);
    assert.deepEqual(await call('copy', { from: 't', to: 'c', recursive: true }), { bytes: 5 });
    assert.deepEqual(await list('c', 9), ['c/g', 'c/l', 'c/u', 'c/u/v']);
    const set = await call<Entry>('set', { path: 'c/g', mode: 0o640, modifiedAt: 1_000_000 });
    assert.deepEqual([set.mode, (set as unknown as { modifiedAt: number }).modifiedAt], [0o640, 1_000_000]);
    await call('remove', { path: 'c', recursive: true });
    await call('remove', { path: 'c', missing: true });
    assert.equal((await list('.')).includes('c'), false);
    await call('makeFolder', { path: 'many' });
    await call('writeMany', {
      files: Array.from({ length: 60 }, (_, index) => ({ path: `many/${index}`, content: '' })),
    });
    const many = await call<{ entries: Entry[]; truncated: boolean }>('list', { path: 'many' });
    assert.deepEqual([many.entries.length, many.truncated], [50, true]);
  });

  const refused: readonly (readonly [string, object, string])[] = [
    ['read', { path: 'none' }, 'path_not_found'],
    ['read', { path: '.' }, 'is_a_folder'],
    ['read', { path: '/etc/shadow' }, 'path_not_found'],
    ['read', { path: 'a\0b' }, 'invalid_params'],
    ['read', { path: `${'x/'.repeat(2_040)}y` }, 'path_not_found'],
    ['read', { path: '/dev/zero' }, 'invalid_params'],
    ['write', { path: '/usr/x', content: '' }, 'path_denied'],
    ['write', { path: '/proc/1/mem', content: 'x', append: true }, 'path_denied'],
    ['write', { path: 'a', content: '' }, 'is_a_folder'],
    ['write', { path: 'm/1', content: '', exclusive: true }, 'path_exists'],
    ['write', { path: 'no/such', content: '', parents: false }, 'path_not_found'],
    ['write', { path: 'x', content: '%', encoding: 'base64' }, 'invalid_params'],
    ['write', { path: 'm/1/x', content: '' }, 'not_a_folder'],
    ['makeFolder', { path: 'a', parents: false }, 'path_exists'],
    ['move', { from: 'm/1', to: 'm/2' }, 'path_exists'],
    ['copy', { from: 'm', to: 'n' }, 'is_a_folder'],
    ['remove', { path: 'm' }, 'folder_not_empty'],
    ['search', { text: '(', expression: true }, 'invalid_params'],
    ['list', { path: 'm/1' }, 'not_a_folder'],
    ['watch', { path: 'none' }, 'path_not_found'],
  ];
  for (const [verb, params, code] of refused)
    it(`are refused: ${verb} ${JSON.stringify(params).slice(0, 60)}`, async () => {
      await assert.rejects(call(verb, params), { code });
    });

  it('are nobody else’s', async () => {
    for (const [verb, params] of [
      ['read', { path: 'm/1' }],
      ['write', { path: 'm/1', content: 'x' }],
      ['openUpload', { path: 'm/1' }],
    ] as const)
      await assert.rejects(live.call(`files.${verb}`, { sandbox, ...params }, otherTenant), { code: 'not_found' });
    const { upload: id } = await call<{ upload: string }>('openUpload', { path: 'mine' });
    await assert.rejects(live.call('files.commitUpload', { sandbox, upload: id }, otherTenant), { code: 'not_found' });
    await call('abortUpload', { upload: id });
  });

  it('go up and down at any size, in order and whole', async () => {
    const content = Buffer.from(Array.from({ length: 5_000_000 }, (_, index) => index % 251));
    assert.equal((await upload({ path: 'big' }, content)).size, content.length);
    const { events, result } = await follow(live.stream('files.download', { sandbox, path: 'big', offset: 10 }));
    assert.ok(bytesOf(events).equals(content.subarray(10)));
    assert.deepEqual(result, { bytes: content.length - 10 });
    await assert.rejects(call('read', { path: 'big' }), { code: 'payload_too_large' });
    await call('remove', { path: 'big' });
  });

  it('leave nothing of an upload that is given up, idle, out of order or too large', async () => {
    const listed = async () => (await call<{ entries: Entry[] }>('list', { path: '.' })).entries.length;
    const before = await listed();
    const open = async (params: object = {}) =>
      (await call<{ upload: string }>('openUpload', { path: 'up', ...params })).upload;
    const aborted = await open();
    await call('uploadPart', { upload: aborted, offset: 0, content: 'abc' });
    await assert.rejects(call('uploadPart', { upload: aborted, offset: 1, content: 'abc' }), { code: 'conflict' });
    await call('abortUpload', { upload: aborted });
    const [one, two] = [await open(), await open()];
    await assert.rejects(open(), { code: 'overloaded' });
    await sleep(4_000);
    await assert.rejects(call('commitUpload', { upload: one }), { code: 'not_found' });
    await assert.rejects(call('commitUpload', { upload: two }), { code: 'not_found' });
    await assert.rejects(upload({ path: 'huge' }, Buffer.alloc(40_000_000)), { code: 'disk_full' });
    const denied = await open({ path: '/usr/denied' });
    await sleep(200);
    await assert.rejects(call('uploadPart', { upload: denied, offset: 0, content: 'abc' }), { code: 'path_denied' });
    await assert.rejects(call('commitUpload', { upload: denied }), { code: 'not_found' });
    const late = await open({ path: '/usr/denied' });
    await sleep(200);
    await assert.rejects(call('commitUpload', { upload: late }), { code: 'path_denied' });
    const hasty = await open();
    const parts = await Promise.allSettled(
      [0, 3, 6].map((offset) => call('uploadPart', { upload: hasty, offset, content: 'abc' })),
    );
    assert.deepEqual(
      parts
        .map(({ status }) => status)
        .toSorted()
        .at(-1),
      'rejected',
    );
    await call('abortUpload', { upload: hasty });
    await assert.rejects(live.call('files.openUpload', { sandbox: 'sbnone', path: 'x' }), { code: 'not_found' });
    // The sandbox clears up in its own time.
    while ((await listed()) !== before) await sleep(20);
  });

  it('go up and down as archives', async () => {
    await call('writeMany', {
      files: [
        { path: 'p/one', content: '1' },
        { path: 'p/sub/two', content: '22', mode: 0o755 },
      ],
    });
    const tar = bytesOf((await follow(live.stream('files.pack', { sandbox, paths: ['p'] }))).events);
    const { events, result } = await follow(live.stream('files.pack', { sandbox, paths: ['p'], format: 'tar.gz' }));
    assert.ok(gunzipSync(bytesOf(events)).equals(tar));
    assert.equal(result['bytes'], bytesOf(events).length);
    await call('makeFolder', { path: 'into' });
    assert.equal((await upload({ path: 'into', unpack: 'tar' }, tar)).type, 'folder');
    assert.equal((await call<{ content: string }>('read', { path: 'into/p/sub/two' })).content, '22');
    assert.equal((await call<Entry>('stat', { path: 'into/p/sub/two' })).mode, 0o755);
    await assert.rejects(upload({ path: 'into', unpack: 'tar' }, tar), { code: 'path_exists' });
    await upload({ path: 'into', unpack: 'tar.gz', replace: true }, gzipSync(tar));
    await assert.rejects(upload({ path: 'into', unpack: 'tar.gz', replace: true }, tar), { code: 'invalid_params' });
    const many = bytesOf((await follow(live.stream('files.pack', { sandbox, paths: ['many'] }))).events);
    await assert.rejects(upload({ path: 'into', unpack: 'tar' }, many), { code: 'payload_too_large' });
  });

  it('go up and down as zips, with their permissions and links', async () => {
    await call('writeMany', {
      files: [
        { path: 'z/one', content: 'one'.repeat(30_000) },
        { path: 'z/sub/run', content: '#!/bin/sh', mode: 0o750 },
      ],
    });
    await call('link', { path: 'z/link', target: 'sub/run' });
    await call('makeFolder', { path: 'z/empty' });
    const { events, result } = await follow(live.stream('files.pack', { sandbox, paths: ['z'], format: 'zip' }));
    const zip = bytesOf(events);
    assert.equal(result['bytes'], zip.length);
    assert.ok(zip.length < 10_000, 'it is compressed');
    // Another program can read it, and writes one that is taken.
    const elsewhere = await seenByPython(zip);
    assert.deepEqual(elsewhere.names.toSorted(), ['z/', 'z/empty/', 'z/link', 'z/one', 'z/sub/', 'z/sub/run']);
    for (const [folder, archive] of Object.entries({ back: zip, other: elsewhere.again })) {
      await call('makeFolder', { path: folder });
      await upload({ path: folder, unpack: 'zip' }, archive);
      assert.equal((await call<{ content: string }>('read', { path: `${folder}/z/one` })).content.length, 90_000);
      const { mode } = await call<Entry>('stat', { path: `${folder}/z/sub/run` });
      assert.equal(mode, folder === 'back' ? 0o750 : 0o644);
      await assert.rejects(upload({ path: folder, unpack: 'zip' }, archive), { code: 'path_exists' });
    }
    assert.equal((await call<Entry>('stat', { path: 'back/z/link' })).target, 'sub/run');
    for (const [what, bad] of Object.entries({
      'no zip': Buffer.from('not a zip at all'),
      'a part of one': zip.subarray(0, zip.length - 30),
      'a damaged one': Buffer.concat([zip.subarray(0, 40), Buffer.alloc(40, 0xff), zip.subarray(80)]),
      'one that leads out': elsewhere.out,
    }))
      await assert.rejects(
        upload({ path: 'back', unpack: 'zip', replace: true }, bad),
        { code: 'invalid_params' },
        what,
      );
    await assert.rejects(upload({ path: 'back', unpack: 'zip', replace: true }, elsewhere.linkOut), {
      code: /^(invalid_params|path_denied)$/,
    });
    await assert.rejects(upload({ path: 'back', unpack: 'zip' }, elsewhere.longLink), { code: 'invalid_params' });
    await assert.rejects(upload({ path: 'back', unpack: 'zip' }, elsewhere.many), { code: 'payload_too_large' });
    await assert.rejects(upload({ path: 'back', unpack: 'zip' }, Buffer.alloc(3_000_000)), {
      code: 'payload_too_large',
    });
    assert.deepEqual(await readdir(join(live.host.dataDir, 'plugins/live-files/zips')), []);
  });

  it('are watched and searched', async () => {
    await call('makeFolder', { path: 'w/deep' });
    const abort = new AbortController();
    const seen: string[] = [];
    const watching = (async () => {
      for await (const item of live.stream('files.watch', { sandbox, path: 'w', recursive: true }, abort.signal)) {
        const event =
          'event' in item ? (item.event as { type: string; path?: string; to?: string }) : { type: 'result' };
        seen.push([event.type, event.path, event.to].filter(Boolean).join(' ').replaceAll('/home/sandbox/', ''));
        if (event.type === 'ready') {
          await call('write', { path: 'w/deep/f', content: 'x', append: true });
          await call('move', { from: 'w/deep/f', to: 'w/g' });
          await call('remove', { path: 'w/g' });
        }
        if (event.type === 'removed') abort.abort();
      }
    })();
    await assert.rejects(watching, { code: 'cancelled' });
    assert.equal(seen[0], 'ready');
    for (const wanted of ['created w/deep/f', 'written w/deep/f', 'renamed w/deep/f w/g', 'removed w/g'])
      assert.ok(seen.includes(wanted), `${wanted}: ${seen.join(', ')}`);
    await call('write', { path: 'w/s.py', content: 'import os\nprint(OS)\n' });
    const search = async (params: object) => {
      const { matches, truncated } = await call<{
        matches: { path: string; line: number | null }[];
        truncated: boolean;
      }>('search', params);
      return [matches.map(({ path, line }) => `${path.replace('/home/sandbox/', '')}:${line}`), truncated];
    };
    assert.deepEqual(await search({ path: 'w', name: '*.py' }), [['w/s.py:null'], false]);
    assert.deepEqual(await search({ path: 'w', text: 'os' }), [['w/s.py:1'], false]);
    assert.deepEqual(await search({ path: 'w', text: 'os', anyCase: true, most: 1 }), [['w/s.py:1'], true]);
    assert.deepEqual(await search({ path: 'w', text: '^print', expression: true }), [['w/s.py:2'], false]);
    assert.equal((await search({}))[1], true);
  });
});
