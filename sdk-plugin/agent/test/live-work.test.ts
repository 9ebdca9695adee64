import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { WatchEvent } from '../../src/contracts/live.ts';
import type { ConnectedAgent } from '../src/live/agent.ts';
import type { LiveConnection } from '../src/live/connection.ts';
import { LiveBox } from './support/live-box.ts';
import { Programs } from './support/program.ts';

async function* pieces(...texts: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

describe('what the live service does', () => {
  let programs: Programs;
  let box: LiveBox;
  let connection: LiveConnection;
  let live: ConnectedAgent;
  before(async () => {
    programs = new Programs();
    box = await LiveBox.make(programs);
    ({ connection, live } = await box.connect());
  });
  after(async () => {
    connection.close();
    assert.deepEqual(await box.destroy(), []);
    programs.remove();
  });

  const shell = async (script: string): Promise<string> => {
    const { id } = await live.start({ argv: ['sh', '-c', script], env: { PATH: '/usr/bin:/bin' } });
    let text = '';
    for await (const event of live.attach(id)) if (event.type === 'output') text += Buffer.from(event.data).toString();
    await live.forget(id);
    return text;
  };
  const textOf = async (path: string): Promise<string> => {
    let text = '';
    for await (const piece of live.read(path)) text += Buffer.from(piece).toString();
    return text;
  };
  const refused = (code: string): { code: string } => ({ code });

  it('writes and reads files as the user of the box', async () => {
    const entry = await live.write('notes/a.txt', pieces('one\n', 'two\n'), { parents: true, mode: 0o600 });
    assert.deepEqual(
      [entry.path, entry.type, entry.size, entry.mode, entry.uid],
      ['/home/sandbox/notes/a.txt', 'file', 8, 0o600, 1000],
    );
    await live.write('notes/a.txt', pieces('three\n'), { append: true });
    assert.equal(await textOf('notes/a.txt'), 'one\ntwo\nthree\n');
    await assert.rejects(live.write('notes/a.txt', pieces('x'), { exclusive: true }), refused('path_exists'));
    await assert.rejects(live.write('/etc/passwd', pieces('x')), refused('path_denied'));
    await assert.rejects(textOf('notes'), refused('is_a_folder'));
    await assert.rejects(textOf('missing'), refused('path_not_found'));
    await assert.rejects(textOf('/dev/zero'), refused('invalid_params'));
  });

  it('replaces a file as a whole or not at all', async () => {
    await live.write('whole', pieces('old'));
    const abort = new AbortController();
    const halves = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('new');
      assert.equal(await textOf('whole'), 'old');
      abort.abort();
      await new Promise(() => undefined);
    };
    await assert.rejects(live.write('whole', halves(), { atomic: true, signal: abort.signal }), refused('cancelled'));
    assert.equal(await textOf('whole'), 'old');
    await live.write('whole', pieces('new'), { atomic: true });
    assert.equal(await textOf('whole'), 'new');
    let left = '.soulbox-';
    while (left.includes('.soulbox-')) left = await shell('ls -A');
  });

  it('lists, moves, copies, changes and removes trees', async () => {
    await live.makeFolder('tree/deep/er', { parents: true });
    await live.write('tree/deep/er/file', pieces('x'));
    await live.link('tree/link', 'deep');
    await assert.rejects(live.copy('tree', 'copy'), refused('is_a_folder'));
    assert.equal(await live.copy('tree', 'copy', { recursive: true }), 1);
    await live.move('copy', '/tmp/moved');
    await live.set('/tmp/moved', { mode: 0o750, recursive: true, modifiedAt: 1_000_000_123 });
    const listed = [];
    for await (const some of live.list('/tmp/moved', { depth: 9 })) listed.push(...some);
    listed.sort((one, other) => (one.path < other.path ? -1 : 1));
    const shown = listed.map(({ path, type, mode, modifiedAt, target }) => [path, type, mode, modifiedAt, target]);
    assert.deepEqual(shown, [
      ['/tmp/moved/deep', 'folder', 0o750, 1_000_000_123, undefined],
      ['/tmp/moved/deep/er', 'folder', 0o750, 1_000_000_123, undefined],
      ['/tmp/moved/deep/er/file', 'file', 0o750, 1_000_000_123, undefined],
      ['/tmp/moved/link', 'link', 0o777, 1_000_000_123, 'deep'],
    ]);
    await assert.rejects(live.remove('/tmp/moved'), refused('folder_not_empty'));
    await live.remove('/tmp/moved', { recursive: true });
    await assert.rejects(live.remove('/tmp/moved'), refused('path_not_found'));
    await live.remove('/tmp/moved', { missing: true });
  });

  it('searches names and text', async () => {
    await live.write('src/a.py', pieces('import os\nprint("Needle")\n'), { parents: true });
    await live.write('src/b.txt', pieces('needle\n'));
    const found = async (query: Parameters<ConnectedAgent['search']>[1]): Promise<unknown[]> => {
      const all: unknown[] = [];
      for await (const match of live.search('src', query)) all.push(match);
      return all;
    };
    const match = { path: '/home/sandbox/src/a.py', line: 2, column: 8, text: 'print("Needle")' };
    assert.deepEqual(await found({ name: '*.py', text: 'needle', anyCase: true }), [match]);
    assert.deepEqual(await found({ text: '"N[a-z]+"', expression: true }), [{ ...match, column: 7 }]);
    assert.equal((await found({ most: 1 })).length, 1);
    await assert.rejects(found({ text: '(', expression: true }), refused('invalid_params'));
  });

  it('tells what happens in folders, also in those made a moment ago', async () => {
    await live.makeFolder('watched');
    const abort = new AbortController();
    const events = live.watch('watched', { recursive: true, signal: abort.signal })[Symbol.asyncIterator]();
    assert.deepEqual((await events.next()).value, { type: 'ready', folders: 1 });
    await shell('cd watched; mkdir -p a/b/c; echo > a/b/c/file; mv a/b/c/file a/moved; mv a z; rm -r z; echo > last');
    const seen: WatchEvent[] = [];
    for (;;) {
      const { value } = (await events.next()) as { value: WatchEvent };
      seen.push(value);
      if ('path' in value && value.path.endsWith('/last')) break;
    }
    abort.abort();
    const at = '/home/sandbox/watched';
    const has = (event: WatchEvent): boolean => seen.some((one) => JSON.stringify(one) === JSON.stringify(event));
    for (const path of ['a', 'a/b', 'a/b/c']) assert.ok(has({ type: 'created', path: `${at}/${path}` }), path);
    assert.ok(has({ type: 'renamed', path: `${at}/a`, to: `${at}/z` }));
    assert.ok(has({ type: 'removed', path: `${at}/z` }));
  });

  it('packs and unpacks, and lets no name or link lead out', async () => {
    await shell(
      'mkdir -p packed/sub; seq 100000 > packed/sub/numbers; ln -s sub packed/link; touch packed/$(printf %0150d 7)',
    );
    const tar: Uint8Array[] = [];
    for await (const piece of live.pack(['packed'])) tar.push(piece);
    await live.makeFolder('out');
    assert.deepEqual(await live.unpack('out', pieces(...tar)), { entries: 5, bytes: 588_895 });
    assert.equal(await shell('diff -r --no-dereference packed out/packed && echo same'), 'same\n');
    await assert.rejects(live.unpack('out', pieces(...tar)), refused('path_exists'));
    await live.unpack('out', pieces(...tar), { replace: true });
    await assert.rejects(
      live.unpack('out', pieces(...tar), { replace: true, mostBytes: 9 }),
      refused('payload_too_large'),
    );
    await assert.rejects(
      live.unpack('out', pieces(...tar), { replace: true, mostEntries: 2 }),
      refused('payload_too_large'),
    );
    await assert.rejects(live.unpack('out', pieces('no tar at all'.repeat(99))), refused('invalid_params'));

    const folder = join(programs.folder, 'hostile');
    mkdirSync(folder);
    writeFileSync(join(folder, 'x'), 'x');
    symlinkSync('/tmp', join(folder, 'out'));
    const archive = (...options: readonly string[]): Buffer =>
      execFileSync('tar', ['-C', folder, '-cf', '-', ...options], { stdio: ['ignore', 'pipe', 'ignore'] });
    for (const transform of ['s,x,../x,', 's,x,/tmp/x,'])
      await assert.rejects(
        live.unpack('out', pieces(archive('-P', '--transform', transform, 'x'))),
        refused('path_denied'),
      );
    const linked = Buffer.concat([archive('out').subarray(0, 512), archive('--transform', 's,x,out/x,', 'x')]);
    await assert.rejects(live.unpack('out', pieces(linked)), refused('path_denied'));
  });

  it('feeds programs, gives them a terminal and a control stream, and ends them', async () => {
    const env = { PATH: '/usr/bin:/bin' };
    const terminal = await live.start({
      argv: ['sh', '-c', 'read x; stty size; echo "<$x>"'],
      env,
      terminal: { rows: 33, columns: 99 },
    });
    await live.resize(terminal.id, { rows: 10, columns: 20 });
    await live.input(terminal.id, pieces('hello\n'));
    let text = '';
    for await (const event of live.attach(terminal.id))
      if (event.type === 'output') text += Buffer.from(event.data).toString();
    assert.match(text, /10 20\r\n<hello>\r\n/);

    const control = await live.start({ argv: ['sh', '-c', 'read word <&3; echo "got $word" >&3'], env, control: true });
    await live.input(control.id, pieces('ping\n'), { control: true });
    const heard = [];
    for await (const event of live.attach(control.id))
      if (event.type === 'output') heard.push([event.stream, Buffer.from(event.data).toString()]);
    assert.deepEqual(heard, [['control', 'got ping\n']]);

    const late = await live.start({ argv: ['sh', '-c', 'sleep 99 & sleep 99'], env, timeoutMs: 50 });
    for await (const event of live.attach(late.id))
      if (event.type === 'ended') assert.deepEqual([event.process.timedOut, event.process.signal], [true, 'SIGKILL']);
    await assert.rejects(live.kill(late.id, 'SIGTERM'), refused('process_ended'));
    await assert.rejects(live.start({ argv: ['no-such-program'], env }), refused('path_not_found'));
  });

  it('keeps the newest output, and makes a program wait for those who listen', async () => {
    const env = { PATH: '/usr/bin:/bin' };
    const { id } = await live.start({ argv: ['sh', '-c', 'seq 100000; read x'], env, stdin: true, keptBytes: 4096 });
    let kept = { emitted: 0, oldest: 0 };
    while (kept.emitted < 588_895) kept = (await live.processes()).find((process) => process.id === id)!;
    assert.equal(kept.emitted - kept.oldest, 4096);
    const events = live.attach(id, { from: 0 })[Symbol.asyncIterator]();
    assert.deepEqual((await events.next()).value, { type: 'gap', from: 0, to: kept.oldest });
    await events.return?.(undefined);
    await live.kill(id, 'SIGKILL', { session: true });

    const loud = await live.start({ argv: ['head', '-c', '50000000', '/dev/zero'], env, keptBytes: 65_536 });
    let bytes = 0;
    let gaps = 0;
    for await (const event of live.attach(loud.id, { from: 0 })) {
      if (event.type === 'output') bytes += event.data.length;
      if (event.type === 'gap') [bytes, gaps] = [bytes + event.to - event.from, gaps + 1];
    }
    assert.equal(bytes, 50_000_000);
    assert.ok(gaps <= 1, 'only what came before anybody listened may be lost');
  });

  it('says for which process the memory did not suffice, and goes on', async () => {
    const script = 'x=$(head -c 2000000000 /dev/zero | tr "\\0" x); echo ${#x}';
    const { id } = await live.start({ argv: ['sh', '-c', script], env: { PATH: '/usr/bin:/bin' } });
    for await (const event of live.attach(id)) if (event.type === 'ended') assert.notEqual(event.process.exitCode, 0);
    await connection.ping(5000);
  });
});
