import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ExecutionResult, RemoteClient, StreamItem } from '@soulbox/plugin-sdk';
import { exitCodeOf } from '../../src/cli/run.ts';
import { makeHome, serveWire, soulbox, type Home } from '../support/cli-home.ts';

let home: Home;
before(async () => {
  home = await makeHome(['sandbox', 'store', 'wire']);
});
after(() => home[Symbol.asyncDispose]());

async function run(code: string, args: readonly string[] = [], given: { stdin?: string } = {}) {
  const file = await home.file('program.script', code);
  return soulbox(['run', file, ...args], { home, ...given });
}

describe('soulbox run', () => {
  it('prints what the program prints, and exits with its code', async () => {
    assert.deepEqual(await run('out hello\nerr oops\nexit 7'), { code: 7, stdout: 'hello\n', stderr: 'oops\n' });
    assert.deepEqual(await run('out fine'), { code: 0, stdout: 'fine\n', stderr: '' });
  });

  it('prints bytes that are no text as they are', async () => {
    const { stdout } = await run('bytes 61e282acff');
    assert.equal(Buffer.from(stdout).toString('hex'), Buffer.from('a€\ufffd').toString('hex'));
  });

  it('hands on standard input, environment and arguments', async () => {
    const file = await home.file('input.txt', 'from a file');
    assert.equal((await run('stdin', ['--stdin', file])).stdout, 'from a file');
    assert.equal((await run('stdin', ['--stdin', '-'], { stdin: 'from a pipe' })).stdout, 'from a pipe');
    assert.equal((await run('stdin')).stdout, '');
    assert.equal((await run('env A', ['--env', 'A=b=c'])).stdout, 'b=c\n');
    assert.equal(
      (await run('out x', ['--args', '--help', '--json'])).stdout,
      'x\n',
      'what stands behind is the program’s',
    );
  });

  it('prints the whole result as JSON when asked, and nothing else', async () => {
    const { code, stdout, stderr } = await run('out hello\nexit 3', ['--json', '--timeout', '5s', '--memory', '64M']);
    const result = JSON.parse(stdout) as ExecutionResult;
    assert.deepEqual([code, stderr, result.verdict, result.stdout], [3, '', 'exit', 'hello\n']);
  });

  it('asks for no more output than it is told to', async () => {
    const { code, stderr } = await run('out x', ['--json', '--output', '1G']);
    assert.equal(code, 125);
    const { error } = JSON.parse(stderr) as { error: { details: object } };
    assert.deepEqual(error.details, { field: 'limits.outputBytes', maximum: 64 * 1024 * 1024 });
  });

  it('asks for a cache where it is told to', async () => {
    const asked = async (...args: string[]) => {
      const { stdout } = await run('out x', ['--json', ...args]);
      return (JSON.parse(stdout) as ExecutionResult).cache.hit;
    };
    assert.deepEqual([await asked(), await asked('--cache'), await asked('--max-age', '1h')], [false, false, false]);
  });

  it('says what became of a program that did not end by itself', async () => {
    const crashed = await run('crash');
    assert.deepEqual([crashed.code, crashed.stderr], [139, 'soulbox: signal\n']);
    const lost = await run('lose');
    assert.deepEqual([lost.code, lost.stderr], [125, 'soulbox: lost: the sandbox died under the execution\n']);
    const malformed = await run('malformed');
    assert.deepEqual([malformed.code, malformed.stderr], [1, 'main.script:1:1: malformed\n']);
  });

  it('takes the language from the ending or from the option', async () => {
    const file = await home.file('program.txt', 'out x');
    const unknown = await soulbox(['run', file], { home });
    assert.equal(unknown.code, 2);
    assert.match(
      unknown.stderr,
      /program\.txt is in cannot be told: no language here is like it; say which with --language/,
    );
    assert.equal((await soulbox(['run', file, '--language', 'scr'], { home })).stdout, 'x\n');
    const refused = await soulbox(['run', file, '--language', 'cobol'], { home });
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /^soulbox: language_unknown: .*\nAsk languages\.list/);
  });

  for (const [what, args, message] of [
    ['no file', [], /which file\?/],
    ['a file that is not there', ['nowhere.script'], /cannot read nowhere\.script: ENOENT/],
    ['standard input that is not there', ['FILE', '--stdin', '/nowhere'], /cannot read \/nowhere: ENOENT/],
    ['an unknown option', ['FILE', '--tiemout', '5s'], /--tiemout/],
    ['a time that is none', ['FILE', '--timeout', 'soon'], /"soon" is not a time/],
    ['a size that is none', ['FILE', '--memory', 'much'], /"much" is not a size/],
    ['an output that is no size', ['FILE', '--output', 'all'], /"all" is not a size/],
    ['an age that is none', ['FILE', '--max-age', 'old'], /"old" is not a time/],
    ['an environment without a name', ['FILE', '--env', '=x'], /is not of the form NAME=VALUE/],
  ] as const) {
    it(`with ${what} is a mistake in the call`, async () => {
      const file = await home.file('program.script', 'out x');
      const { code, stdout, stderr } = await soulbox(['run', ...args.map((arg) => (arg === 'FILE' ? file : arg))], {
        home,
      });
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, message);
    });
  }

  it('tells a refusal as JSON to programs', async () => {
    const { code, stderr } = await run('out x', ['--json', '--timeout', '24h']);
    assert.equal(code, 125);
    const { error } = JSON.parse(stderr) as { error: { code: string; details: object } };
    assert.deepEqual([error.code, error.details], ['limit_out_of_range', { field: 'limits.wallMs', maximum: 300_000 }]);
  });

  it('refuses where no sandbox can be had', async () => {
    process.env['NO_SANDBOX'] = '1';
    const bare = await makeHome(['sandbox', 'store']);
    try {
      const file = await bare.file('program.script', 'out x');
      const { code, stdout, stderr } = await soulbox(['run', file], { home: bare });
      assert.deepEqual([code, stdout], [125, '']);
      assert.match(stderr, /^soulbox: sandbox_unavailable: scripted: no namespaces here\n/);
    } finally {
      delete process.env['NO_SANDBOX'];
      await bare[Symbol.asyncDispose]();
    }
  });

  it('runs several files, the first of them', async () => {
    const entry = await home.file('main.script', 'out main');
    const other = await home.file('other.script', 'out other');
    assert.equal((await soulbox(['run', entry, other], { home })).stdout, 'main\n');
  });
});

describe('a host that runs already', () => {
  const answer = { verdict: 'timeout', exitCode: null, signal: 'SIGKILL', error: null };
  const opened: string[] = [];
  const known = { language: 'script', candidates: [{ language: 'script' }] };
  let detected: { language: string | null; candidates: { language: string }[] } = known;
  let items: StreamItem[];
  let closed = 0;
  const client: RemoteClient = {
    call: async () => detected,
    async *stream() {
      yield* items;
    },
    close: async () => void (closed += 1),
  };
  before(() =>
    serveWire((url, key) => {
      opened.push(`${url} ${key}`);
      return client;
    }),
  );
  after(() => serveWire(undefined));

  it('is used when it is named, by option or environment', async () => {
    items = [{ event: { id: 'x', seq: 1, type: 'stdout', data: 'remote\n' } }, { result: answer }];
    const { code, stdout, stderr } = await run('out local', ['--url', 'test://there', '--key', 'k']);
    assert.deepEqual([code, stdout, stderr], [124, 'remote\n', 'soulbox: timeout\n']);
    process.env['SOULBOX_URL'] = 'test://env';
    try {
      await run('out local');
    } finally {
      delete process.env['SOULBOX_URL'];
    }
    assert.deepEqual(opened, ['test://there k', 'test://env ']);
    assert.equal(closed, 2, 'each connection is closed');
  });

  it('is asked what language a file is in, and may not be sure', async () => {
    detected = { language: null, candidates: [{ language: 'one' }, { language: 'two' }] };
    const { code, stderr } = await run('out x', ['--url', 'test://there']);
    detected = known;
    assert.equal(code, 2);
    assert.match(stderr, /cannot be told: it could be one or two; say which with --language/);
  });

  it('is not believed when it ends without an answer', async () => {
    items = [];
    const { code, stderr } = await run('out local', ['--url', 'test://there']);
    assert.equal(code, 125);
    assert.match(stderr, /without an answer/);
  });

  it('cannot be reached where no plugin has a client for its address', async () => {
    for (const url of ['nope://there', 'not a url']) {
      const { code, stderr } = await run('out local', ['--url', url]);
      assert.equal(code, 125);
      assert.match(stderr, /^soulbox: unsupported: no configured plugin has a client for/);
    }
    const key = await run('out local', ['--key', 'k']);
    assert.match(key.stderr, /client for "ws:\/\/127\.0\.0\.1:7070\/rpc"/, 'a key alone means the usual address');
  });

  it('is reached past plugins that are left out or missing', async () => {
    const plugins = { absent: { package: './absent' }, wire: { package: './wire' } };
    await using other = await makeHome([], { plugins });
    items = [{ result: { ...answer, verdict: 'ok', exitCode: 0 } }];
    const file = await other.file('program.script', '');
    assert.equal((await soulbox(['run', file, '--url', 'test://x'], { home: other })).code, 0);
  });
});

describe('the exit code', () => {
  const cases: [Parameters<typeof exitCodeOf>[0], number][] = [
    [{ verdict: 'ok', exitCode: 0, signal: null }, 0],
    [{ verdict: 'exit', exitCode: 42, signal: null }, 42],
    [{ verdict: 'exit', exitCode: null, signal: null }, 1],
    [{ verdict: 'timeout', exitCode: null, signal: 'SIGKILL' }, 124],
    [{ verdict: 'lost', exitCode: null, signal: null }, 125],
    [{ verdict: 'interrupted', exitCode: null, signal: null }, 125],
    [{ verdict: 'signal', exitCode: null, signal: 'SIGSEGV' }, 139],
    [{ verdict: 'memory-limit', exitCode: null, signal: 'SIGKILL' }, 137],
    [{ verdict: 'signal', exitCode: null, signal: 'SIGNONSENSE' }, 1],
    [{ verdict: 'compile-error', exitCode: null, signal: null }, 1],
    [{ verdict: 'compile-error', exitCode: 2, signal: null }, 2],
    [{ verdict: 'output-limit', exitCode: 0, signal: null }, 1],
  ];
  for (const [result, code] of cases)
    it(`of ${result.verdict} ${result.exitCode} ${result.signal} is ${code}`, () =>
      assert.equal(exitCodeOf(result), code));
});

it('looks for the configuration where the environment says', async () => {
  process.env['SOULBOX_CONFIG'] = join(home.folder, 'missing.yaml');
  try {
    const { code, stderr } = await soulbox(['run', await home.file('a.script', '')]);
    assert.equal(code, 125);
    assert.match(stderr, /config_not_found/);
  } finally {
    delete process.env['SOULBOX_CONFIG'];
  }
});
