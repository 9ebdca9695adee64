import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ExecutionResult } from '@soulbox/plugin-sdk';
import { makeHome, soulbox, type Home, type RunOptions } from '../support/soulbox.ts';

/** `soulbox run` as a user types it, each time a host of its own with real boxes. */
describe('soulbox run', () => {
  let home: Home;
  before(async () => {
    home = await makeHome();
  });
  after(() => home[Symbol.asyncDispose]());

  async function program(name: string, source: string | Uint8Array): Promise<string> {
    const folder = join(home.folder, 'programs');
    await mkdir(folder, { recursive: true });
    const file = join(folder, name);
    await writeFile(file, source);
    return file;
  }

  const run = async (name: string, source: string, args: readonly string[] = [], options: RunOptions = {}) =>
    soulbox(home, ['run', await program(name, source), ...args], options);

  for (const [ending, language] of [
    ['py', 'python'],
    ['js', 'javascript'],
    ['ts', 'typescript'],
  ] as const) {
    it(`prints just what examples/hello.${ending} prints`, async () => {
      const { code, stdout, stderr } = await soulbox(home, ['run', `examples/hello.${ending}`]);
      assert.equal(stderr.toString(), '');
      assert.match(stdout.toString(), /^Hello.*\n$/);
      assert.equal(code, 0);
    });

    it(`answers with the whole result of examples/hello.${ending} under --json`, async () => {
      const { code, stdout } = await soulbox(home, ['run', `examples/hello.${ending}`, '--json']);
      const result = JSON.parse(stdout.toString()) as ExecutionResult;
      assert.equal(code, 0);
      assert.equal(result.verdict, 'ok');
      assert.equal(result.status, 'settled');
      assert.match(result.stdout, /^Hello/);
      assert.equal(result.language.name, language);
      assert.notEqual(result.enforced?.level, 'none');
      assert.ok(result.usage.wallMs > 0);
      assert.ok(Date.parse(result.settledAt ?? '') >= Date.parse(result.createdAt));
      for (const key of ['id', 'exitCode', 'signal', 'stderr', 'truncated', 'stages', 'sandbox', 'cache', 'startedAt'])
        assert.ok(key in result, key);
    });
  }

  it('hands on standard input, from a file and from a pipe', async () => {
    const echo = 'import sys; sys.stdout.write(sys.stdin.read().upper())';
    const input = await program('input.txt', 'from a file\n');
    assert.equal((await run('echo.py', echo, ['--stdin', input])).stdout.toString(), 'FROM A FILE\n');
    assert.equal(
      (await run('echo.py', echo, ['--stdin', '-'], { stdin: 'from a pipe\n' })).stdout.toString(),
      'FROM A PIPE\n',
    );
    assert.equal((await run('echo.py', echo)).stdout.toString(), '', 'without --stdin there is none');
  });

  it('hands on arguments, whatever they look like, and environment', async () => {
    const { stdout } = await run('show.py', 'import os, sys; print(sys.argv[1:], os.environ["GREETING"])', [
      '--env',
      'GREETING=a=b c',
      '--args',
      '--json',
      '-x',
      'two words',
      '',
    ]);
    assert.equal(stdout.toString(), "['--json', '-x', 'two words', ''] a=b c\n");
  });

  it('exits with the code of the program, or 128 and the signal', async () => {
    assert.equal((await run('seven.py', 'raise SystemExit(7)')).code, 7);
    assert.equal((await run('seven.js', 'process.exit(7)')).code, 7);
    const segfault = await run('crash.py', 'import os, signal; os.kill(os.getpid(), signal.SIGSEGV)');
    assert.equal(segfault.code, 128 + 11);
    assert.match(segfault.stderr.toString(), /signal/);
  });

  it('ends a program at its time limit with 124', async () => {
    const { code, stderr, stdout } = await run('sleep.py', 'print("so far", flush=True)\nimport time; time.sleep(60)', [
      '--timeout',
      '500ms',
    ]);
    assert.equal(code, 124);
    assert.equal(stdout.toString(), 'so far\n');
    assert.match(stderr.toString(), /timeout/);
  });

  it('ends a program at its memory limit and says so', async () => {
    const { code, stderr } = await run('memory.py', 'x = bytearray(512 * 1024 * 1024); print(len(x))', [
      '--memory',
      '64M',
    ]);
    assert.notEqual(code, 0);
    assert.match(stderr.toString(), /memory-limit|MemoryError/);
  });

  it('passes bytes that are not text through unchanged, both ways', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const { stdout } = await run(
      'bytes.py',
      'import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())',
      ['--stdin', '-'],
      { stdin: bytes },
    );
    assert.deepEqual(stdout, bytes);
    const json = await run('bytes.py', 'import sys; sys.stdout.buffer.write(bytes([255, 0, 65]))', ['--json']);
    const result = JSON.parse(json.stdout.toString()) as ExecutionResult;
    assert.deepEqual(result.encoding, { stdout: 'base64', stderr: 'utf8' });
    assert.deepEqual(Buffer.from(result.stdout, 'base64'), Buffer.from([255, 0, 65]));
  });

  it('prints ten megabytes whole', async () => {
    const { code, stdout } = await run('ten.py', 'print(("y" * 99 + "\\n") * 104858, end="")', ['--timeout', '60s']);
    assert.equal(code, 0);
    assert.equal(stdout.length, 104_858 * 100);
  });

  it('keeps standard output and standard error apart', async () => {
    const { stdout, stderr } = await run('both.py', 'import sys; print("out"); print("err", file=sys.stderr)');
    assert.equal(stdout.toString(), 'out\n');
    assert.equal(stderr.toString(), 'err\n');
  });

  it('runs several files, the first as the main one', async () => {
    const helper = await program('helper.py', 'def greet(name): return f"hi {name}"');
    const { stdout } = await soulbox(home, [
      'run',
      await program('uses.py', 'from helper import greet; print(greet("you"))'),
      helper,
    ]);
    assert.equal(stdout.toString(), 'hi you\n');
  });

  it('shows where a TypeScript source is wrong', async () => {
    const { code, stderr } = await run('wrong.ts', 'const a: number = 1;\nconst b = (;\n');
    assert.notEqual(code, 0);
    assert.match(stderr.toString(), /wrong\.ts:2:12/);
  });

  for (const [what, args, message] of [
    ['no file', [], /which file/],
    ['a file that is not there', ['nowhere.py'], /cannot read nowhere\.py/],
    ['an unknown option', ['x.py', '--nonsense'], /nonsense/],
    ['a time that is none', ['examples/hello.py', '--timeout', 'soon'], /"soon" is not a time/],
    ['a file of no known language', ['README.md'], /--language/],
  ] as const) {
    it(`refuses ${what} with exit code 2`, async () => {
      const { code, stderr, stdout } = await soulbox(home, ['run', ...args]);
      assert.equal(code, 2);
      assert.match(stderr.toString(), message);
      assert.equal(stdout.length, 0);
    });
  }

  it('tells with 125 and a code what the host refused', async () => {
    const { code, stderr } = await soulbox(home, ['run', 'examples/hello.py', '--timeout', '10h']);
    assert.equal(code, 125);
    assert.match(stderr.toString(), /limit_out_of_range: limits\.wallMs/);
  });
});
