import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { open, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { follow, otherTenant, overDrivers, startLiveHost, type LiveHost } from '../support/live-host.ts';

const uidBase = 1_780_000_000 + (process.pid % 1000) * 20_000;

interface Snapshot {
  readonly id: string;
  readonly name: string | null;
  readonly sandbox: string | null;
  readonly bytes: number;
  readonly sha256: string;
  readonly metadata: Record<string, string>;
}
type Ran = { readonly stdout: string; readonly stderr: string };

overDrivers('snapshots of a sandbox that stays', (driver) => {
  let live: LiveHost;
  let sandbox: string;
  let archives: string;
  before(async () => {
    live = await startLiveHost({ driver, uidBase });
    archives = join(live.host.dataDir, 'plugins/live-snapshots/archives');
    sandbox = await live.create();
    await run(
      sandbox,
      'mkdir -p d/e; echo one > d/e/f; printf x > empty; : > empty; ln -s d/e/f l; chmod 750 d/e; chmod 600 d/e/f; printf "#!/bin/sh\\necho ran" > p; chmod +x p',
    );
  });
  after(() => live?.[Symbol.asyncDispose]());

  const call = <T = Snapshot>(verb: string, params: object = {}) => live.call<T>(`snapshots.${verb}`, { ...params });
  const run = (id: string, command: string) => live.call<Ran>('processes.run', { sandbox: id, command });
  const look = 'ls -1; cat l; stat -c "%a %n" d/e d/e/f; ./p; stat -c %U .';
  const list = async (params = {}) => (await call<{ snapshots: Snapshot[] }>('list', params)).snapshots;

  it('are what others are made of, as often as wanted', async () => {
    const kept = await call('create', { sandbox, metadata: { why: 'test' } });
    assert.deepEqual([kept.sandbox, kept.name, kept.metadata], [sandbox, null, { why: 'test' }]);
    const before = (await run(sandbox, look)).stdout;
    await run(sandbox, 'echo two > d/e/f; rm p');
    const forks = await Promise.all([1, 2, 3].map(() => live.create({ snapshot: kept.id })));
    for (const fork of forks) assert.equal((await run(fork, look)).stdout, before);
    await run(forks[0]!, 'echo own > own');
    assert.match((await run(forks[1]!, 'cat own')).stderr, /No such file/);
    assert.deepEqual(await call('get', { snapshot: kept.id }), kept);
    assert.deepEqual(
      (await list({ sandbox })).map(({ id }) => id),
      [kept.id],
    );
    assert.deepEqual(await list({ sandbox: forks[0] }), []);
    await call('delete', { snapshot: kept.id });
    await assert.rejects(call('get', { snapshot: kept.id }), { code: 'not_found' });
    await assert.rejects(live.create({ snapshot: kept.id }), { code: 'not_found' });
    assert.equal((await run(forks[2]!, 'cat l')).stdout, 'one\n');
    assert.deepEqual(await readdir(archives), []);
    for (const id of forks) await live.call('sandboxes.delete', { id });
  });

  it('are templates where they have names, which are used once', async () => {
    const made = await call('create', { sandbox, name: 'base/one' });
    await assert.rejects(call('create', { sandbox, name: 'base/one' }), { code: 'conflict' });
    const both = await Promise.allSettled([1, 2].map(() => call('create', { sandbox, name: 'base/two' })));
    assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
    const plain = await call('create', { sandbox });
    await assert.rejects(call('update', { snapshot: plain.id, name: 'base/one' }), { code: 'conflict' });
    assert.equal(
      (await call('update', { snapshot: plain.id, name: 'base/three', metadata: { a: 'b' } })).name,
      'base/three',
    );
    assert.equal((await call('get', { snapshot: 'base/three' })).id, plain.id);
    assert.equal((await list({ templates: true })).length, 3);
    const id = await live.create({ template: 'base/one' });
    assert.equal((await run(id, 'cat d/e/f')).stdout, 'two\n');
    await live.call('sandboxes.delete', { id });
    await assert.rejects(live.create({ template: 'none' }), { code: 'not_found' });
    await assert.rejects(live.create({ template: 'base/one', snapshot: plain.id }), { code: 'invalid_params' });
    assert.equal((await call('update', { snapshot: plain.id, name: null })).name, null);
    for (const each of await list()) await call('delete', { snapshot: each.id });
    assert.equal(made.name, 'base/one');
  });

  it('go out and come in as archives, whose sums are checked', async () => {
    const kept = await call('create', { sandbox });
    const { events, result } = await follow(live.stream('snapshots.export', { snapshot: kept.id }));
    const archive = Buffer.concat(events.map(({ content }) => Buffer.from(String(content), 'base64')));
    const sum = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    assert.deepEqual([result['sha256'], archive.length], [sum(archive), kept.bytes]);
    const send = async (sha256: string, cut: number) => {
      const { import: id } = await call<{ import: string }>('openImport', { sha256, name: 'imported' });
      const part = { import: id, encoding: 'base64' };
      await call('importPart', { ...part, offset: 0, content: archive.subarray(0, cut).toString('base64') });
      await assert.rejects(call('importPart', { ...part, offset: 1, content: 'AAAA' }), { code: 'conflict' });
      await call('importPart', { ...part, offset: cut, content: archive.subarray(cut).toString('base64') });
      return call('commitImport', { import: id });
    };
    await assert.rejects(send('0'.repeat(64), 1_000), { code: 'conflict' });
    const taken = await send(sum(archive), 1_000);
    assert.deepEqual([taken.sandbox, taken.name, taken.sha256], [null, 'imported', kept.sha256]);
    const id = await live.create({ template: 'imported' });
    assert.equal((await run(id, 'cat d/e/f')).stdout, 'two\n');
    await live.call('sandboxes.delete', { id });
    const { import: left } = await call<{ import: string }>('openImport', { sha256: sum(archive) });
    await assert.rejects(live.call('snapshots.abortImport', { import: left }, otherTenant), { code: 'not_found' });
    await call('abortImport', { import: left });
    await assert.rejects(call('commitImport', { import: left }), { code: 'not_found' });
    for (const each of await list()) await call('delete', { snapshot: each.id });
    assert.deepEqual(await readdir(archives), []);
  });

  it('that were cut short or damaged make no sandbox, and leave nothing', async () => {
    const kept = await call('create', { sandbox });
    const file = join(archives, `${kept.id}.tar`);
    const alive = async () => {
      const found = await live.call<{ sandboxes: { state: string }[] }>('sandboxes.list', { limit: 1_000 });
      return found.sandboxes.filter(({ state }) => state === 'running').length;
    };
    const before = await alive();
    const { size } = await stat(file);
    await truncate(file, size - 1);
    await assert.rejects(live.create({ snapshot: kept.id }), { code: 'storage_failed' });
    await truncate(file, size);
    await using handle = await open(file, 'r+');
    await handle.write('damaged', size - 100);
    await assert.rejects(live.create({ snapshot: kept.id }), { code: 'storage_failed' });
    await rm(file);
    await assert.rejects(live.create({ snapshot: kept.id }), { code: 'storage_failed' });
    assert.equal(await alive(), before);
    await call('delete', { snapshot: kept.id });

    const hostile = Buffer.from('not a tar at all'.repeat(64));
    const { import: id } = await call<{ import: string }>('openImport', {
      sha256: createHash('sha256').update(hostile).digest('hex'),
    });
    await call('importPart', { import: id, offset: 0, content: hostile.toString() });
    const odd = await call('commitImport', { import: id });
    await assert.rejects(live.create({ snapshot: odd.id }));
    assert.equal(await alive(), before);
    await call('delete', { snapshot: odd.id });
  });

  it('are bounded in number and size', async () => {
    await run(sandbox, 'head -c 3000000 /dev/zero > large');
    await assert.rejects(call('create', { sandbox }), { code: 'payload_too_large' });
    await run(sandbox, 'rm large');
    assert.deepEqual(await readdir(archives), []);
    const made = await Promise.allSettled(Array.from({ length: 6 }, () => call('create', { sandbox })));
    const refused = made.flatMap((each) =>
      each.status === 'rejected' ? [(each.reason as { code: string }).code] : [],
    );
    assert.deepEqual(refused, ['overloaded', 'overloaded']);
    const sha256 = '0'.repeat(64);
    await assert.rejects(call('openImport', { sha256 }), { code: 'overloaded' });
    for (const each of await list()) await call('delete', { snapshot: each.id });
    const opened = await Promise.allSettled(Array.from({ length: 3 }, () => call('openImport', { sha256 })));
    assert.equal(opened.filter(({ status }) => status === 'fulfilled').length, 2);
    // Nobody goes on with them.
    while ((await readdir(archives)).length > 0) await new Promise((resolve) => setTimeout(resolve, 50));
  });

  it('that could not be kept hold no place', async () => {
    for (let times = 0; times < 5; times += 1) {
      const { import: id } = await call<{ import: string }>('openImport', { sha256: '0'.repeat(64), name: 'lost' });
      await call('importPart', { import: id, offset: 0, content: 'x' });
      for (const name of await readdir(archives)) await rm(join(archives, name));
      await assert.rejects(call('commitImport', { import: id }));
    }
    assert.deepEqual(await list(), []);
  });

  it('are of one tenant', async () => {
    const kept = await call('create', { sandbox, name: 'mine' });
    for (const snapshot of [kept.id, 'mine'])
      await assert.rejects(live.call('snapshots.get', { snapshot }, otherTenant), { code: 'not_found' });
    await assert.rejects(live.call('snapshots.delete', { snapshot: kept.id }, otherTenant), { code: 'not_found' });
    await assert.rejects(live.call('sandboxes.create', { languages: [], template: 'mine' }, otherTenant), {
      code: 'not_found',
    });
    assert.deepEqual((await live.call<{ snapshots: [] }>('snapshots.list', {}, otherTenant)).snapshots, []);
    await call('delete', { snapshot: kept.id });
  });

  it('that an earlier host did not finish are taken away at the start', async () => {
    for (const name of ['snold.tar.partial', 'snold.tar', 'other']) await writeFile(join(archives, name), 'x');
    await live.host.call('plugins.reload', { id: 'live-snapshots' });
    assert.deepEqual(await readdir(archives), []);
  });
});
