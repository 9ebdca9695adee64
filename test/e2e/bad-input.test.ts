import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ExecutionResult } from '@soulbox/plugin-sdk';
import { RawClient, type RpcAnswer } from '../support/rpc.ts';
import { startHost, type RunningHost } from '../support/running-host.ts';
import { makeHome, soulbox } from '../support/soulbox.ts';

const run = (more: Record<string, unknown>) => ({ language: 'python', code: 'print(1)', ...more });

/** What a client can get wrong in a call: the parameters, the stable code, and what the answer must name. */
const calls: readonly (readonly [what: string, method: string, params: unknown, code: string, names: RegExp])[] = [
  ['an unknown method', 'executions.explode', {}, 'unknown_operation', /executions\.explode/],
  ['a method of every object', '__proto__', {}, 'unknown_operation', /__proto__/],
  ['a wrong type', 'executions.create', run({ code: 7 }), 'invalid_params', /code/],
  ['an unknown key', 'executions.create', run({ privileged: true }), 'invalid_params', /privileged/],
  ['neither code nor files', 'executions.create', { language: 'python' }, 'invalid_params', /code or files/],
  [
    'both code and files',
    'executions.create',
    run({ files: [{ path: 'a.py', content: '' }] }),
    'invalid_params',
    /code or files/,
  ],
  ['parameters by position', 'executions.create', ['python', 'print(1)'], 'invalid_params', /./],
  ['a language that is not there', 'executions.create', run({ language: 'cobol' }), 'language_unknown', /cobol/],
  ['code over the size limit', 'executions.create', run({ code: '#'.repeat(2_200_000) }), 'payload_too_large', /code/],
  [
    'a path above the box',
    'executions.create',
    { language: 'python', files: [{ path: '../x.py', content: '' }] },
    'path_outside_box',
    /files\.0\.path/,
  ],
  [
    'an absolute path',
    'executions.create',
    { language: 'python', files: [{ path: '/etc/x', content: '' }] },
    'path_outside_box',
    /files\.0\.path/,
  ],
  [
    'a limit out of range',
    'executions.create',
    run({ limits: { memoryBytes: 2 ** 45 } }),
    'limit_out_of_range',
    /limits\.memoryBytes/,
  ],
  [
    'a limit that is no number',
    'executions.create',
    run({ limits: { wallMs: -1 } }),
    'invalid_params',
    /limits\.wallMs/,
  ],
  ['an environment name with =', 'executions.create', run({ env: { 'A=B': 'x' } }), 'invalid_params', /env/],
  [
    'content that is not base64',
    'executions.create',
    { language: 'python', files: [{ path: 'a.py', content: '!!', encoding: 'base64' }] },
    'invalid_params',
    /files\.0\.content/,
  ],
  ['a network', 'executions.create', run({ network: 'host' }), 'invalid_params', /network/],
  ['an execution that is not there', 'executions.get', { id: 'nowhere' }, 'not_found', /./],
  ['input for one that is not there', 'executions.input', { id: 'nowhere', data: 'x' }, 'not_found', /./],
  ['a cursor of its own making', 'executions.list', { cursor: 'AAAA' }, 'invalid_params', /cursor/],
];

describe('bad input over the wire', () => {
  let host: RunningHost;
  let client: RawClient;
  before(async () => {
    host = await startHost();
    client = await RawClient.open(host.url, host.key ?? '');
  });
  after(async () => {
    await client.close();
    await host.end('SIGTERM');
    await host.home[Symbol.asyncDispose]();
  });

  async function stillServes(): Promise<void> {
    const fresh = await RawClient.open(host.url, host.key ?? '');
    const { result } = await fresh.call('executions.create', run({}));
    assert.equal((result as ExecutionResult).verdict, 'ok');
    await fresh.close();
  }

  for (const [what, method, params, code, names] of calls) {
    it(`answers ${what} with ${code}`, async () => {
      const { error } = await client.call(method, params);
      assert.equal(error?.data?.code, code);
      assert.match(JSON.stringify(error), names);
      assert.doesNotMatch(JSON.stringify(error), /node_modules|\.js:\d|at \w+ \(/, 'no stack leaves the host');
    });
  }

  it('answers malformed JSON with a parse error', async () => {
    const { error, id } = (await client.send('{"jsonrpc": "2.0", "id": 1, ')) as RpcAnswer;
    assert.equal(error?.code, -32700);
    assert.equal(id, null);
  });

  it('refuses a batch over the cap as one', async () => {
    const batch = Array.from({ length: 51 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'host.info' }));
    const { error } = (await client.send(JSON.stringify(batch))) as RpcAnswer;
    assert.equal(error?.code, -32600);
  });

  it('closes a connection that sends a frame over the limit, and no other', async () => {
    const other = await RawClient.open(host.url, host.key ?? '');
    other.socket.send(Buffer.alloc(9 * 1024 * 1024, 0x20));
    assert.equal(await other.closed, 1009);
    assert.ok((await client.call('host.info')).result);
  });

  it('lets in neither an unknown nor a revoked key', async () => {
    await assert.rejects(RawClient.open(host.url, 'sbx_AAAAAAAAAAAA_unknown'), /401/);
    const made = (await client.call('keys.create', { name: 'short-lived' })).result as { id: string; key: string };
    const guest = await RawClient.open(host.url, made.key);
    assert.ok((await guest.call('languages.list')).result);
    await client.call('keys.revoke', { id: made.id });
    await assert.rejects(RawClient.open(host.url, made.key), /401/);
    assert.equal(await guest.closed, 4401, 'an open connection ends with its key');
  });

  it('serves on after all of it', stillServes);
});

describe('a configuration with ten mistakes', () => {
  it('is refused with all ten at once, each with its line', async () => {
    const home = await makeHome();
    const file = join(home.folder, 'soulbox.yaml');
    await writeFile(
      file,
      `hots: {}
host:
  drainMs: soon
  logLevel: loud
  colour: red
sandbox:
  minimum: none
  idleMs: 0
executions:
  concurrency: 0
  limits: { wallMs: 5, speed: 3 }
plugins:
  Bad_Name: { package: x }
  other: { config: {} }
`,
    );
    const { code, stderr } = await soulbox(home, ['config', 'check', '--config', file]);
    assert.equal(code, 125);
    const lines = stderr.toString().split('\n');
    const told = lines.filter((line) => /soulbox\.yaml:\d+: /.test(line));
    assert.ok(told.length >= 10, `only ${told.length} told:\n${stderr.toString()}`);
    for (const [line, what] of [
      [1, 'hots'],
      [3, 'host.drainMs'],
      [4, 'host.logLevel'],
      [5, 'host.colour'],
      [7, 'sandbox.minimum'],
      [8, 'sandbox.idleMs'],
      [10, 'executions.concurrency'],
      [11, 'executions.limits.speed'],
      [13, 'plugins.Bad_Name'],
      [14, 'plugins.other'],
    ] as const) {
      assert.ok(
        told.some((text) => text.includes(`soulbox.yaml:${line}: ${what}`)),
        `${what} in line ${line}:\n${stderr.toString()}`,
      );
    }
    await home[Symbol.asyncDispose]();
  });
});
