import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import {
  ToolchainUnusable,
  atLeast,
  findCommand,
  findNode,
  firstUsable,
  isSystemLibrary,
  outermost,
  probe,
  probeText,
} from '@soulbox/plugin-sdk/toolchain';

const folder = mkdtempSync(join(tmpdir(), 'soulbox-toolchain-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function script(name: string, body: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return path;
}

describe('findCommand', () => {
  test('looks a name up in the folders of PATH, in order, and passes over what cannot be run', () => {
    const [first, second] = ['one', 'two'].map((name) => join(folder, name)) as [string, string];
    for (const place of [first, second]) mkdirSync(join(place, 'tool-folder'), { recursive: true });
    writeFileSync(join(first, 'tool'), '', { mode: 0o755 });
    symlinkSync(join(first, 'tool'), join(second, 'tool'));
    writeFileSync(join(second, 'plain'), '', { mode: 0o644 });
    const path = `${second}:relative:${first}:/does/not/exist:${first}`;
    assert.deepEqual(findCommand('tool', path), [join(second, 'tool'), join(first, 'tool')]);
    assert.deepEqual(findCommand('plain', path), []);
    assert.deepEqual(findCommand('tool-folder', path), []);
    assert.deepEqual(findCommand(join(first, 'tool'), ''), [join(first, 'tool')]);
    assert.deepEqual(findCommand('/does/not/exist'), []);
  });
});

describe('probe', () => {
  test('gives what the program printed, which got neither input nor the host’s variables', async () => {
    process.env['SOULBOX_TEST_SECRET'] = 'secret';
    try {
      const answer = await probe(
        script('asks', 'printf \'{"s": "%s", "i": "%s", "a": "%s"}\' "$SOULBOX_TEST_SECRET" "$(cat)" "$1"'),
        ['x y'],
      );
      assert.deepEqual(answer, { s: '', i: '', a: 'x y' });
    } finally {
      delete process.env['SOULBOX_TEST_SECRET'];
    }
  });
  test('uses just the environment that it is given', async () => {
    const path = script('env', 'printf \'"%s %s"\' "$ONLY" "$HOME"');
    assert.equal(await probe(path, [], { env: { ONLY: 'this' } }), 'this ');
  });
  test('gives plain text too, from both outputs, and ends when that is wanted', async () => {
    assert.deepEqual(await probeText(script('both', 'echo out; echo err >&2'), []), {
      stdout: 'out\n',
      stderr: 'err\n',
    });
    const signal = AbortSignal.abort();
    await assert.rejects(probeText(script('sleeps', 'exec sleep 1000'), [], { signal }), { name: 'ToolchainUnusable' });
  });
  test('says what went wrong without a path of the host', async () => {
    const cases: [string, RegExp][] = [
      [script('fails', 'exit 3'), /failed \(3\)/],
      [script('nonsense', 'echo hello'), /not JSON/],
      [script('hangs', 'exec sleep 600'), /in time/],
      [script('floods', 'exec yes'), /failed/],
      [join(folder, 'absent'), /ENOENT/],
    ];
    for (const [path, message] of cases)
      await assert.rejects(probe(path, [], { timeoutMs: 2_000 }), (thrown) => {
        assert.ok(thrown instanceof ToolchainUnusable);
        assert.match(thrown.message, message);
        assert.ok(!thrown.message.includes(folder));
        return true;
      });
  });
});

describe('firstUsable', () => {
  const inspect = async (name: string) => {
    if (name === 'bug') throw new TypeError('bug');
    if (name !== 'good') throw new ToolchainUnusable(`${name} is bad`);
    return name;
  };
  test('passes over what cannot be used', async () => {
    assert.equal(await firstUsable(['a', 'good', 'bug'], inspect, 'none'), 'good');
  });
  test('otherwise says what is wrong with the first, or that there is none', async () => {
    await assert.rejects(firstUsable(['a', 'b'], inspect, 'none'), { name: 'ToolchainUnusable', message: 'a is bad' });
    await assert.rejects(firstUsable([], inspect, 'none'), { message: 'none' });
    await assert.rejects(firstUsable(['bug', 'good'], inspect, 'none'), TypeError);
  });
});

test('atLeast compares versions number by number', () => {
  for (const [version, minimum] of [
    ['3.9', '3.9'],
    ['3.10.1', '3.9'],
    ['4', '3.99.99'],
    ['20.19.0', '20.19'],
    ['20.20.0-pre', '20.19.5'],
  ])
    assert.equal(atLeast(version!, minimum!), true, `${version} ${minimum}`);
  for (const [version, minimum] of [
    ['3.8.20', '3.9'],
    ['20.19', '20.19.1'],
    ['', '1'],
    ['20.9.0', '20.19.0'],
  ])
    assert.equal(atLeast(version!, minimum!), false, `${version} ${minimum}`);
});

test('outermost keeps what exists and lies in nothing else', () => {
  const inner = join(folder, 'tree', 'inner');
  mkdirSync(inner, { recursive: true });
  mkdirSync(join(folder, 'tree-2'));
  const tree = join(folder, 'tree');
  assert.deepEqual(outermost([inner, `${tree}-2`, tree, `${tree}/`, join(folder, 'absent')]), [tree, `${tree}-2`]);
});

test('isSystemLibrary knows the folders that every box has', () => {
  for (const path of [
    '/lib/x86_64-linux-gnu/libc.so.6',
    '/usr/lib/aarch64-linux-gnu/libz.so',
    '/usr/lib64/libz.so',
    '/lib64/ld.so',
  ])
    assert.equal(isSystemLibrary(path), true, path);
  for (const path of ['/usr/lib/libz.so', '/usr/local/lib/libpython.so', '/usr/lib/python3/x.so', '/srv/lib64/x.so'])
    assert.equal(isSystemLibrary(path), false, path);
});

describe('findNode', () => {
  test('by default finds the Node.js of this host', async () => {
    const found = await findNode();
    assert.equal(found.version, process.versions.node);
    assert.ok(found.paths.includes(found.executable));
    assert.ok(found.options.every((option) => option.startsWith('--')));
  });
  test('finds the Node.js behind a script, and what it needs beside it', async () => {
    const libraries = [join(folder, 'libown.so'), '/lib64/libc.so'];
    const builtin = join(folder, 'parts', 'lexer.js');
    mkdirSync(join(folder, 'parts'));
    writeFileSync(libraries[0]!, '');
    const answer = { version: '24.1.0', libraries, builtins: [builtin], flags: ['--disable-sigusr1'] };
    const real = script(
      'real-node',
      `if [ "$1" = -p ]; then echo '"${join(folder, 'real-node')}"'; else echo '${JSON.stringify(answer)}'; fi`,
    );
    const found = await findNode(script('shim', `exec ${real} "$@"`));
    assert.equal(found.executable, real);
    assert.deepEqual(found.paths, [libraries[0], join(folder, 'parts'), real]);
    assert.ok(found.options.includes('--disable-sigusr1'));
  });
  test('refuses one that is too old, is not Node.js, or is not there', async () => {
    const answer = { version: '18.20.0', libraries: [], builtins: [], flags: [] };
    const old = script(
      'old-node',
      `if [ "$1" = -p ]; then echo '"${join(folder, 'old-node')}"'; else echo '${JSON.stringify(answer)}'; fi`,
    );
    await assert.rejects(findNode(old), /18\.20\.0 is too old; install 20\.19\.0/);
    await assert.rejects(findNode(script('other', 'echo 1')), /Node\.js was not found/);
    await assert.rejects(findNode('no-such-node-anywhere'), /Node\.js was not found/);
  });
});
