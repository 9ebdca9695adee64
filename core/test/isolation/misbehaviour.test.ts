import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tokens, type ExecutionResult } from '@soulbox/plugin-sdk';
import { failure } from '../support/expect.ts';
import { processLives, strangerHost, until, type StrangerHost } from '../support/isolated-plugin.ts';
import { recordOf } from '../support/plugins.ts';

const Tool = tokens<Record<string, (...args: unknown[]) => Promise<unknown>>>('tool', '1.0.0');
const head = `const Tool = sdk.tokens('tool', '1.0.0');`;
/** A plugin with one method, which does what it should not. */
const withMethod = (code: string) =>
  `provides: [Tool], setup(context) { context.provide(Tool, { async go() { ${code} } }, 'it'); }`;

async function runs(stranger: StrangerHost): Promise<void> {
  const result = (await stranger.host.call('executions.create', {
    language: 'script',
    code: 'out hello',
  })) as ExecutionResult;
  assert.equal(result.stdout, 'hello\n');
}

const lives = (stranger: StrangerHost) => recordOf(stranger.host, 'stranger');

describe('an isolated plugin that misbehaves is taken out of service, and the host goes on', () => {
  const once = { pluginRestarts: 0 };
  const cases: readonly (readonly [what: string, code: string, reason: RegExp])[] = [
    ['ends its process', `process.exit(3);`, /exit code 3/],
    ['ends it by a signal', `process.kill(process.pid, 'SIGKILL');`, /signal SIGKILL/],
    ['loops for ever', `for (;;);`, /did not answer for 500 ms/],
    [
      'exhausts its heap',
      `const all = []; for (;;) all.push(new Array(1e5).fill({}));`,
      /signal SIGABRT|exit code 134|memory|did not answer/,
    ],
    [
      'exhausts memory outside its heap',
      `const all = []; for (;;) { all.push(Buffer.alloc(16 << 20, 1)); await new Promise((done) => setTimeout(done, 5)); }`,
      /used more than \d+ bytes of memory/,
    ],
    [
      'floods the channel',
      `for (;;) { for (let n = 0; n < 5000; n += 1) process.send({ n }); await new Promise((done) => setImmediate(done)); }`,
      /messages in a second|memory|did not answer|SIGABRT|exit code 134/,
    ],
    ['throws later', `setTimeout(() => { throw new Error('later'); }, 1); await new Promise(() => {});`, /later/],
    ['leaves a promise', `void Promise.reject(new Error('unheard')); await new Promise(() => {});`, /unheard/],
    [
      'throws later what is no error',
      `setTimeout(() => { throw 'a word'; }, 1); await new Promise(() => {});`,
      /a word/,
    ],
  ];
  for (const [what, code, reason] of cases) {
    it(what, async () => {
      await using stranger = await strangerHost({
        head,
        body: withMethod(code),
        host: { ...once, pluginStopMs: 500, pluginMemoryBytes: 64 * 1024 * 1024 },
      });
      const pid = lives(stranger).instance!.loaded.pid!;
      const call = stranger.host.service(Tool, 'it')!['go']!();
      await runs(stranger);
      await assert.rejects(call, failure('plugin_process_lost', reason));
      await until(() => lives(stranger).state === 'failed', 'the plugin is out of service');
      assert.match(lives(stranger).reason ?? '', reason);
      assert.equal(processLives(pid), false);
      await runs(stranger);
    });
  }

  const unborn: readonly (readonly [what: string, head: string, body: string, reason: RegExp])[] = [
    ['exits while it is set up', '', `setup() { process.exit(4); }`, /exit code 4/],
    ['exits while it is imported', `process.exit(5);`, `setup() {}`, /exit code 5/],
    ['loops while it is set up', '', `setup() { for (;;); }`, /did not answer for 500 ms/],
    ['loops while it is imported', `for (;;);`, `setup() {}`, /did not answer for 500 ms/],
  ];
  for (const [what, code, body, reason] of unborn) {
    it(what, async () => {
      const host = { ...once, pluginStopMs: 500, pluginStartMs: 60_000 };
      await using stranger = await strangerHost({ head: code, body, host });
      assert.equal(lives(stranger).state, 'failed');
      assert.match(lives(stranger).reason ?? '', reason);
      await runs(stranger);
    });
  }

  it('hangs while it is imported or set up', async () => {
    // Long enough for its process to begin in, even where little time is left for it.
    const host = { ...once, pluginStartMs: 5_000 };
    const hung = async (code: string, body: string, reason: RegExp) => {
      await using stranger = await strangerHost({ head: code, body, host });
      assert.equal(lives(stranger).state, 'failed');
      assert.match(lives(stranger).reason ?? '', reason);
      await runs(stranger);
    };
    await Promise.all([
      hung('', `setup() { return new Promise(() => {}); }`, /was not set up within 5000 ms/),
      hung(
        `await new Promise(() => setInterval(() => {}, 1000));`,
        'setup() {}',
        /not answered|was not imported within 5000 ms/,
      ),
    ]);
  });

  it('answers after the deadline', async () => {
    await using stranger = await strangerHost({
      head: `${head} let free; const freed = new Promise((resolve) => (free = resolve));`,
      body: `provides: [Tool], setup(context) {
        context.provide(Tool, { async go() { await freed; return 'late'; }, async free() { free(); } }, 'it');
      }`,
      host: { pluginCallMs: 200 },
    });
    const tool = stranger.host.service(Tool, 'it')!;
    await assert.rejects(tool['go']!(), failure('plugin_timeout', /within 200 ms/));
    const answers = (call: Promise<unknown>) =>
      call.then(
        () => true,
        () => false,
      );
    await until(() => answers(tool['free']!()), 'it answers what follows');
    await until(() => answers(tool['go']!()), 'it answers in time again');
    assert.equal(lives(stranger).state, 'active');
  });

  it('answers with the wrong shape', async () => {
    await using stranger = await strangerHost({
      body: `setup({ hooks }) { hooks.tap('execution.veto', () => ({ reason: 7 })); }`,
    });
    await assert.rejects(runs(stranger), failure('hook_invalid_result'));
  });

  it('provides a service without the methods of its contract', async () => {
    for (const [provided, service, missing] of [
      ['sdk.Cache', `{ async get() {} }`, /cache without the methods of its contract: set, delete/],
      // By its own word it needs none of them.
      [`sdk.tokens('cache', '1.0.0')`, `{ get: 1, async set() {} }`, /contract: get, delete/],
      [`sdk.tokens('own', '1.0.0', ['sing', 'dance'])`, `{ sing() {} }`, /own without .* contract: dance/],
    ] as const) {
      await using stranger = await strangerHost({
        head: `const Provided = ${provided};`,
        body: `provides: [Provided], setup(context) { context.provide(Provided, ${service}, 'it'); }`,
      });
      assert.equal(lives(stranger).state, 'failed');
      assert.match(lives(stranger).reason ?? '', missing);
      await runs(stranger);
    }
  });

  it('takes the name of another: of an operation, a hook, a service', async () => {
    for (const [body, reason] of [
      [
        `setup(context) {
          const nothing = sdk.z.object({});
          const operation = { name: 'host.info', summary: '', params: nothing, result: nothing, errors: [] };
          context.operation({ ...operation, permission: 'host:read', owner: { kind: 'host' }, effect: 'read' }, async () => ({}));
        }`,
        /operation host\.info is added by core and by stranger/,
      ],
      [
        `setup({ hooks }) { hooks.define('host.ready', { kind: 'series', timeoutMs: 5, onError: 'isolate', description: '' }); }`,
        /may only define hooks named stranger\.\*, not host\.ready/,
      ],
      [
        `setup({ hooks }) {
          const hook = { kind: 'series', timeoutMs: 5, onError: 'isolate', description: '' };
          hooks.define('stranger.hook', hook);
          hooks.define('stranger.hook', hook);
        }`,
        /hook stranger\.hook is defined twice/,
      ],
      [
        `provides: [sdk.SandboxDriver], setup(context) {
          const methods = Object.fromEntries(sdk.SandboxDriver.methods.map((name) => [name, async () => {}]));
          context.provide(sdk.SandboxDriver, methods, 'scripted');
        }`,
        /sandbox-driver "scripted" is provided by plugin scripted-sandbox and by plugin stranger/,
      ],
    ] as const) {
      await using stranger = await strangerHost({ body });
      assert.equal(lives(stranger).state, 'failed');
      assert.match(lives(stranger).reason ?? '', reason);
      await runs(stranger);
    }
  });

  it('changes built-in objects, of its own process only', async () => {
    await using stranger = await strangerHost({ body: `setup() { Array.prototype.map = () => ['patched']; }` });
    assert.deepEqual(
      [1].map((n) => n + 1),
      [2],
    );
    await runs(stranger);
  });

  it('floods the log', async () => {
    await using stranger = await strangerHost({
      host: { pluginStopMs: 60_000 },
      head,
      body: withMethod(
        `for (let n = 0; n < 50000; n += 1) { context.log.warn('x'); console.error('y'); } return 'done';`,
      ),
    });
    assert.equal(await stranger.host.service(Tool, 'it')!['go']!(), 'done');
    await runs(stranger);
    assert.equal(lives(stranger).state, 'active');
  });
});

describe('an isolated plugin whose process ended', () => {
  const body = withMethod(`setTimeout(() => process.exit(1), 1); await new Promise(() => {});`);

  it('is started again, and those that need it as well', async () => {
    await using stranger = await strangerHost({ head, body });
    const first = lives(stranger).instance!.loaded.pid;
    await assert.rejects(stranger.host.service(Tool, 'it')!['go']!(), failure('plugin_process_lost'));
    await until(() => lives(stranger).restarts === 1 && lives(stranger).state === 'active', 'it is up again');
    assert.notEqual(lives(stranger).instance!.loaded.pid, first);
    assert.equal(lives(stranger).restarts, 1);
    assert.equal(lives(stranger).error, undefined);
  });

  it('is given up when that happens too often, until somebody reloads it, with the code of then', async () => {
    await using stranger = await strangerHost({ head, body, host: { pluginRestarts: 1 } });
    const end = () => assert.rejects(stranger.host.service(Tool, 'it')!['go']!(), failure('plugin_process_lost'));
    await end();
    await until(() => lives(stranger).restarts === 1 && lives(stranger).state === 'active', 'it is up again');
    await end();
    await until(() => lives(stranger).state === 'failed', 'it is given up');
    assert.equal(lives(stranger).restarts, 1);
    await stranger.rewrite(
      `provides: [Tool], setup(context) { context.provide(Tool, { async go() { return 'mended'; } }, 'it'); }`,
    );
    const answer = (await stranger.host.call('plugins.reload', { id: 'stranger' })) as { code: string };
    assert.equal(answer.code, 'fresh');
    assert.equal(await stranger.host.service(Tool, 'it')!['go']!(), 'mended');
    await stranger.rewrite(
      `provides: [Tool], setup(context) { context.provide(Tool, { async go() { return 'better'; } }, 'it'); }`,
    );
    await stranger.host.call('plugins.reload', { id: 'stranger' });
    assert.equal(await stranger.host.service(Tool, 'it')!['go']!(), 'better');
    await stranger.rewrite(`setup( {`);
    await assert.rejects(stranger.host.call('plugins.reload', { id: 'stranger' }));
    assert.equal(await stranger.host.service(Tool, 'it')!['go']!(), 'better');
  });
});
