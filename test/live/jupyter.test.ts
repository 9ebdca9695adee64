import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { needsModules } from '../support/python.ts';
import { startLiveHost, type LiveHost } from '../support/live-host.ts';

const uidBase = 1_760_000_000 + (process.pid % 1000) * 20_000;

interface Ran {
  readonly context: string;
  readonly state: string;
  readonly results: readonly { readonly type: string; readonly data: Record<string, unknown> }[];
  readonly error: { readonly name: string; readonly message: string; readonly text: string } | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe('a Jupyter kernel as a context', { skip: needsModules('ipykernel', 'jupyter_client') }, () => {
  let live: LiveHost;
  let sandbox: string;
  before(async () => {
    live = await startLiveHost({ uidBase });
    sandbox = await live.create({ languages: ['python'], limits: { memoryBytes: 1_000_000_000 } });
  });
  after(() => live?.[Symbol.asyncDispose]());

  const run = (code: string, over: object = {}) =>
    live.call<Ran>('contexts.run', { sandbox, language: 'jupyter:python3', code, ...over });

  it('does what other contexts do', async () => {
    const first = await run('import sys\nx = 41\nprint("out")\nprint("err", file=sys.stderr)');
    assert.deepEqual([first.state, first.stdout, first.stderr], ['ok', 'out\n', 'err\n'], JSON.stringify(first));
    const { results } = await run('display({"a": 1})\nx + 1');
    assert.deepEqual(
      results.map(({ type, data }) => [type, data['text/plain']]),
      [
        ['display', "{'a': 1}"],
        ['result', '42'],
      ],
    );
    const latex = await run('%%latex\n$x$');
    assert.equal(latex.results[0]?.data['text/latex'], '$x$\n');
    const { state, error } = await run('1 / 0');
    assert.deepEqual([state, error?.name, error?.message], ['error', 'ZeroDivisionError', 'division by zero']);
    assert.ok(!error?.text.includes('\u001b'), error?.text);
  });

  it('is interrupted, and goes on', async () => {
    for (const code of ['while True: pass', 'import time; time.sleep(60)'])
      assert.equal((await run(code, { timeoutMs: 500 })).state, 'timeout');
    assert.equal((await run('x')).results[0]?.data['text/plain'], '41');
  });

  it('ends with its context', async () => {
    const kernels = async () => {
      const params = { sandbox, command: 'cat /proc/[0-9]*/cmdline | tr "\\0" " "' };
      const { stdout } = await live.call<{ stdout: string }>('processes.run', params);
      return stdout.split('ipykernel_launcher').length - 1;
    };
    // The one that is used, and one that waits.
    assert.ok((await kernels()) >= 1);
    const gone = await run('import os; os._exit(3)');
    assert.equal(gone.state, 'ended');
    await live.call('contexts.delete', { sandbox, context: gone.context });
    for (let tries = 0; (await kernels()) > 1 && tries < 200; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok((await kernels()) <= 1);
  });

  it('is refused where there is none of that name', async () => {
    const create = (language: string) => live.call('contexts.create', { sandbox, language });
    await assert.rejects(create('jupyter:none'), (thrown: { code: string; details: { output: string } }) => {
      assert.equal(thrown.code, 'language_unavailable');
      assert.match(thrown.details.output, /NoSuchKernel/);
      return true;
    });
    await assert.rejects(create('jupyter:../x'), { code: 'language_unknown' });
  });
});
