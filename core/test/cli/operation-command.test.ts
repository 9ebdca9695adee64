import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { hostVersion } from '../../src/version.ts';
import { makeHome, serveWire, soulbox, type Home } from '../support/cli-home.ts';

let home: Home;
before(async () => {
  home = await makeHome(['sandbox', 'store', 'wire', 'tools']);
});
after(() => home[Symbol.asyncDispose]());

const call = (...args: string[]) => soulbox(args, { home });
async function echo(...args: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await call('tools', 'echo', ...args, '--json');
  assert.equal(code, 0, stderr);
  return (JSON.parse(stdout) as { given: unknown }).given;
}

describe('any operation as a command', () => {
  it('does not change the plugins of a host that is gone again when it is done', async () => {
    const { code, stderr } = await call('plugins', 'reload', 'tools');
    assert.equal(code, 2);
    assert.match(stderr, /plugins\.reload is for a running host: give its key with --key or SOULBOX_KEY/);
  });

  it('takes its parameters by the schema of the operation', async () => {
    assert.deepEqual(await echo(), {});
    assert.deepEqual(await echo('--word', 'x', '--how-many', '3', '--ratio', '0.5'), {
      word: 'x',
      howMany: 3,
      ratio: 0.5,
    });
    assert.deepEqual(await echo('--tags', 'a,b', '--tags', 'c', '--loud'), { tags: ['a', 'b', 'c'], loud: true });
    assert.deepEqual(await echo('--extra', '{"a":[1]}'), { extra: { a: [1] } });
    assert.deepEqual(await echo('bare'), { word: 'bare' }, 'a bare word is the first parameter');
  });

  for (const [what, args, message] of [
    ['a flag that it does not take', ['echo', '--nope', 'x'], /tools\.echo takes no --nope; it takes: word, howMany,/],
    ['a flag without its value', ['echo', '--word'], /--word needs a value/],
    ['a number that is none', ['echo', '--how-many', 'few'], /--howMany few: is not a number/],
    ['a number that is empty', ['echo', '--ratio', ' '], /is not a number/],
    ['JSON that is none', ['echo', '--extra', '{'], /--extra \{: is not JSON/],
    ['a word where none is taken', ['facts', 'x'], /tools\.facts takes no x; it takes: nothing/],
    ['a verb that is not there', ['fly'], /there is no "tools fly"; there is: count, echo, empty, facts, rows/],
    ['no verb, where there is no list', [], /there is no "tools list"/],
  ] as const) {
    it(`refuses ${what}, as a mistake in the call`, async () => {
      const { code, stdout, stderr } = await call('tools', ...args);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, message);
    });
  }

  it('prints a result that is only a text as it is', async () => {
    const { stdout } = await call('plugins', 'graph', 'mermaid');
    assert.match(stdout, /^flowchart LR\n {2}n\d+\[/);
  });

  it('refuses what the operation refuses, with what to do about it', async () => {
    const { code, stderr } = await call('executions', 'get', '--id', 'x');
    assert.equal(code, 125);
    assert.equal(
      stderr,
      'soulbox: not_found: there is no such execution\nCheck the id; what belongs to others answers the same way.\n',
    );
    const wrong = await call('executions', '--limit', '0', '--json');
    assert.equal(wrong.code, 125);
    assert.equal((JSON.parse(wrong.stderr) as { error: { code: string } }).error.code, 'invalid_params');
  });

  it('shows lists as tables and facts as lines', async () => {
    assert.equal(
      (await call('tools', 'rows')).stdout,
      'NAME       SIZE  MISSING\na          1     -\nlong name  20    x\n',
    );
    assert.equal((await call('tools', 'empty')).stdout, 'none\n');
    assert.equal((await call('tools', 'facts')).stdout, 'kind:  x\nnone:  -\nlist:  {"a":1}\n');
    assert.match((await call('plugins')).stdout, /^ID +PACKAGE +VERSION +STATE/);
    assert.match((await call('languages')).stdout, /script +1\.0\.0/);
  });

  it('shows the events of one that streams on a terminal, each in the place of the one before', async () => {
    const quiet = await call('tools', 'count', '3');
    assert.deepEqual(quiet, { code: 0, stdout: 'counted:  3\n', stderr: '' });
    const { stdout, stderr } = await soulbox(['tools', 'count', '2', '--json'], { home, isTTY: true });
    assert.deepEqual(JSON.parse(stdout), { counted: 2 });
    const erase = '\r\u001b[K';
    assert.equal(stderr, `${erase}1  step 1${erase}2  step 2NAME  SIZE\na b   1\n${erase}`);
  });

  it('does not believe a host that ends a stream without an answer', async () => {
    const operation = { name: 'tools.count', params: {}, event: {} };
    serveWire(() => ({
      call: async () => ({ operations: [operation] }),
      async *stream() {},
      close: async () => undefined,
    }));
    try {
      const { code, stderr } = await call('tools', 'count', '--url', 'test://x');
      assert.equal(code, 125);
      assert.match(stderr, /without an answer/);
    } finally {
      serveWire(undefined);
    }
  });

  it('says which commands there are not', async () => {
    const unknown = await call('frobnicate');
    assert.deepEqual([unknown.code, unknown.stderr], [2, 'soulbox: there is no command "frobnicate"\n']);
    for (const name of ['--frob', 'a.b', '__proto__', '']) {
      const { code, stderr } = await soulbox([name]);
      assert.deepEqual([code, stderr], [2, `soulbox: there is no command "${name}"\n`]);
    }
    assert.equal((await call('constructor')).code, 2, 'not even one that every object has');
  });

  it('takes the options that name a host wherever they stand', async () => {
    const seen: unknown[] = [];
    serveWire((url, key) => {
      seen.push(url, key);
      return {
        call: async (operation) => (operation === 'host.operations' ? { operations: [] } : {}),
        stream: () => assert.fail('nothing streams'),
        close: async () => void seen.push('closed'),
      };
    });
    try {
      const { code } = await call('tools', '--url', 'test://x', 'echo', '--key', 'k');
      assert.equal(code, 2, 'that host has no such operation');
      assert.deepEqual(seen, ['test://x', 'k', 'closed']);
    } finally {
      serveWire(undefined);
    }
    const nothing = await soulbox(['tools', 'echo', '--config']);
    assert.equal(nothing.code, 125, 'an option at the end without its value');
  });
});

describe('soulbox', () => {
  it('helps, with everything and with one command', async () => {
    for (const args of [[], ['help'], ['--help'], ['-h'], ['frobnicate', '--help'], ['constructor', '--help']]) {
      const { code, stdout } = await soulbox(args);
      assert.equal(code, 0);
      for (const command of ['start', 'run FILE', 'doctor', 'config check', 'GROUP [VERB]'])
        assert.ok(stdout.includes(`soulbox ${command}`), `${args.join(' ')}: ${command}`);
    }
    const { stdout } = await soulbox(['run', 'x', '--help', '--args', 'y']);
    assert.match(stdout, /^soulbox run FILE.*\n +run a program in a sandbox\n$/);
  });

  it('tells its version', async () => {
    for (const name of ['--version', 'version'])
      assert.deepEqual(await soulbox([name]), { code: 0, stdout: `${hostVersion}\n`, stderr: '' });
  });

  it('does not hide an error that is its own', async () => {
    serveWire(() => {
      throw new TypeError('a bug');
    });
    try {
      await assert.rejects(call('tools', 'echo', '--url', 'test://x'), TypeError);
    } finally {
      serveWire(undefined);
    }
  });
});
