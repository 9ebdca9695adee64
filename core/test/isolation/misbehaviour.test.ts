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
  const once = { pluginRestarts: 0, pluginStopMs: 500 };
  const cases: readonly (readonly [what: string, code: string, reason: RegExp])[] = [
    ['ends its process', `process.exit(3);`, /exit code 3/],
    ['ends it by a signal', `process.kill(process.pid, 'SIGKILL');`, /signal SIGKILL/],
    ['loops for ever', `for (;;);`, /did not answer for 500 ms/],
    [
      'exhausts its heap',
      `const all = []; for (;;) all.push(new Array(1e5).fill({}));`,
      /signal SIGABRT|exit code 134|memory/,
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
        host: { ...once, pluginMemoryBytes: 64 * 1024 * 1024 },
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

  it('exits, hangs or loops while it is imported or set up', async () => {
    for (const [body, reason] of [
      [`setup() { process.exit(4); }`, /exit code 4/],
      [`setup() { for (;;); }`, /did not answer|was not set up/],
      [`setup() { return new Promise(() => {}); }`, /was not set up within 1000 ms/],
    ] as const) {
      await using stranger = await strangerHost({ body, host: { ...once, pluginStartMs: 1_000 } });
      assert.equal(lives(stranger).state, 'failed');
      assert.match(lives(stranger).reason ?? '', reason);
      await runs(stranger);
    }
    for (const [code, reason] of [
      [`process.exit(5);`, /exit code 5/],
      [`for (;;);`, /did not answer|not answered|was not imported/],
      [`await new Promise(() => setInterval(() => {}, 1000));`, /not answered|was not imported/],
    ] as const) {
      await using stranger = await strangerHost({
        head: code,
        body: 'setup() {}',
        host: { ...once, pluginStartMs: 1_000 },
      });
      assert.equal(lives(stranger).state, 'failed');
      assert.match(lives(stranger).reason ?? '', reason);
      await runs(stranger);
    }
  });

  it('answers after the deadline', async () => {
    await using stranger = await strangerHost({
      head,
      body: withMethod(`await new Promise((done) => setTimeout(done, 200)); return 'late';`),
      host: { pluginCallMs: 50 },
    });
    await assert.rejects(stranger.host.service(Tool, 'it')!['go']!(), failure('plugin_timeout', /within 50 ms/));
    assert.equal(lives(stranger).state, 'active');
  });

  it('answers with the wrong shape', async () => {
    await using stranger = await strangerHost({
      body: `setup({ hooks }) { hooks.tap('execution.veto', () => ({ reason: 7 })); }`,
    });
    await assert.rejects(runs(stranger), failure('hook_invalid_result'));
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
    await using stranger = await strangerHost({
      head,
      body: `setup() { setTimeout(() => process.exit(1), 50); }`,
      host: { pluginRestarts: 1 },
    });
    await until(() => lives(stranger).restarts === 1 && lives(stranger).state === 'failed', 'it is given up');
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
