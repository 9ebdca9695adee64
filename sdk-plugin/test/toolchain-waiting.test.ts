import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Duplex } from 'node:stream';
import { warmProgramKey, type WarmProgram } from '@soulbox/plugin-sdk';
import { rememberWarm, waitingNode } from '@soulbox/plugin-sdk/toolchain';

const program: WarmProgram = { kind: 'start', argv: ['/bin/waits'], env: { A: 'b' }, startVariables: ['A'] };

describe('warmProgramKey', () => {
  it('is the same for equal programs, and another for each that differs', () => {
    const file = { path: 'a', content: Buffer.from('x') };
    const others: WarmProgram[] = [
      { ...program, kind: 'fork' },
      { ...program, argv: ['/bin/waits', ''] },
      { ...program, env: {} },
      { ...program, startVariables: [] },
      { ...program, file },
      { ...program, file: { ...file, path: 'b' } },
      { ...program, file: { ...file, content: Buffer.from('y') } },
      { ...program, file: { ...file, executable: true } },
    ];
    assert.equal(warmProgramKey({ ...program }), warmProgramKey(program));
    const keys = [program, ...others].map((each) => warmProgramKey(each));
    assert.equal(new Set(keys).size, keys.length);
    assert.deepEqual(
      keys,
      [program, ...others].map((each) => warmProgramKey(each)),
    );
  });
});

describe('rememberWarm', () => {
  it('makes each program once, and forgets those used least lately', () => {
    const remember = rememberWarm();
    let made = 0;
    const get = (key: string): WarmProgram =>
      remember(key, () => {
        made++;
        return { ...program };
      });
    const first = get('first');
    assert.equal(get('first'), first);
    for (let other = 0; other < 255; other++) get(`other ${other}`);
    assert.equal(get('first'), first);
    get('one too many');
    assert.equal(get('first'), first, 'it was used lately');
    assert.equal(made, 257);
    get('other 0');
    assert.equal(made, 258, 'it was not');
  });
});

/** A Node.js that waits as in a sandbox, its folder, and the end of its job's stream. */
async function waiting(test: TestContext, options: readonly string[] = []) {
  const warm = waitingNode(process.execPath, options, { NAME: 'old', GONE: 'x' });
  const folder = mkdtempSync(join(tmpdir(), 'soulbox-waiting-'));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, warm.file!.path), warm.file!.content);
  const child = spawn(warm.argv[0]!, warm.argv.slice(1), {
    cwd: folder,
    env: warm.env,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  });
  const job = child.stdio[3] as Duplex;
  const [ready] = (await once(job, 'data')) as [Buffer];
  assert.equal(ready.toString(), 'r');
  assert.ok(!existsSync(join(folder, warm.file!.path)), 'its own file is gone');
  return { child, job, folder, main: (name: string) => [process.execPath, ...options, `./${name}`] };
}

function jobOf(argv: readonly string[], env: readonly string[], stdin: boolean): Buffer {
  const head = Buffer.alloc(9);
  head.writeUInt8(stdin ? 1 : 0, 0);
  head.writeUInt32LE(argv.length, 1);
  head.writeUInt32LE(env.length, 5);
  const body = Buffer.concat([head, Buffer.from([...argv, ...env].map((text) => `${text}\0`).join(''))]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  return Buffer.concat([length, body]);
}

async function outputOf(child: ReturnType<typeof spawn>): Promise<{ stdout: string; code: number | null }> {
  let stdout = '';
  child.stdout!.on('data', (piece: Buffer) => (stdout += piece.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { stdout, code };
}

describe('waitingNode', () => {
  const main =
    'console.log(JSON.stringify({ argv: process.argv.slice(1), env: process.env, main: require.main === module, ' +
    'execArgv: process.execArgv, read: require("fs").readFileSync(0, "utf8") })); process.exitCode = 3;';

  for (const stdin of [true, false])
    it(`becomes the program that it is given, ${stdin ? 'with' : 'without'} standard input`, async (test) => {
      const { child, job, folder, main: argv } = await waiting(test, ['--no-warnings']);
      writeFileSync(join(folder, 'main.js'), main);
      child.stdin.end('input');
      job.write(jobOf([...argv('main.js'), 'a b', ''], ['NAME=new', 'EQUALS=a=b', 'EMPTY='], stdin));
      const { stdout, code } = await outputOf(child);
      assert.equal(code, 3);
      assert.deepEqual(JSON.parse(stdout), {
        argv: [join(folder, 'main.js'), 'a b', ''],
        env: { NAME: 'new', EQUALS: 'a=b', EMPTY: '' },
        main: true,
        execArgv: ['--no-warnings'],
        read: stdin ? 'input' : '',
      });
    });

  it('ends when nobody will come any more', async (test) => {
    const { child, job } = await waiting(test);
    job.end();
    assert.equal((await outputOf(child)).code, 0);
  });

  it('says what its start depends on', () => {
    const { kind, startVariables, file } = waitingNode('/bin/node', ['--x'], {});
    assert.equal(kind, 'start');
    for (const name of ['NODE_OPTIONS', 'TZ', 'LC_ALL'])
      assert.ok(
        startVariables.some((prefix) => name.startsWith(prefix)),
        name,
      );
    assert.match(file?.path ?? '', /\.cjs$/);
  });
});
