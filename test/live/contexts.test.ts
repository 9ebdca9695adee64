import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { needs } from '../support/needs.ts';
import { needsModules } from '../support/python.ts';
import { follow, otherTenant, startLiveHost, type LiveHost } from '../support/live-host.ts';

const uidBase = 1_740_000_000 + (process.pid % 1000) * 20_000;

interface Shown {
  readonly type: 'result' | 'display';
  readonly data: Record<string, unknown>;
}
interface Frame {
  readonly file: string;
  readonly line: number;
  readonly function: string;
  readonly source: string;
}
interface Ran {
  readonly context: string;
  readonly state: string;
  readonly results: Shown[];
  readonly error: { name: string; message: string; frames: Frame[]; text: string } | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly truncated: { stdout: boolean; stderr: boolean; results: boolean };
}
interface Context {
  readonly id: string;
  readonly state: string;
  readonly process: number;
  readonly language: string;
}

const plain = ({ results }: Ran) => results.map(({ data }) => data['text/plain']);

describe('contexts of a sandbox that stays', { skip: needs('python3') }, () => {
  let live: LiveHost;
  let sandbox: string;
  before(async () => {
    live = await startLiveHost({ uidBase });
    sandbox = await live.create({
      languages: ['python', 'javascript', 'typescript'],
      env: { GIVEN: 'sandbox' },
      limits: { memoryBytes: 1_000_000_000 },
    });
  });
  after(() => live?.[Symbol.asyncDispose]());

  const call = <T = Record<string, unknown>>(verb: string, params: object) =>
    live.call<T>(`contexts.${verb}`, { sandbox, ...params });
  const run = (code: string, over: object = {}) => call<Ran>('run', { code, ...over });
  const inLanguage = (language: string) => (code: string) => run(code, { language });
  const remove = (context: string) => call('delete', { context });

  for (const [language, first, second, value] of [
    ['python', 'import os\nx = 40\nprint(os.environ["GIVEN"])', 'x + 2', '42'],
    ['javascript', 'const x = 40;\nconsole.log(process.env.GIVEN)', 'x + 2', '42'],
    ['typescript', 'const x: number = 40;\nconsole.log(process.env.GIVEN as string)', '(x satisfies number) + 2', '42'],
  ] as const)
    it(`keep what cells have made (${language})`, async () => {
      const cell = inLanguage(language);
      const one = await cell(first);
      assert.deepEqual([one.state, one.stdout, one.results], ['ok', 'sandbox\n', []]);
      const two = await cell(second);
      assert.deepEqual([two.context, plain(two)], [one.context, [value]]);
    });

  it('keep what cells have made (shell)', async () => {
    const cell = inLanguage('shell');
    assert.equal((await cell('cd /tmp; x=42; f() { echo "$1 $x $GIVEN"; }')).state, 'ok');
    assert.equal((await cell('pwd; f é')).stdout, '/tmp\né 42 sandbox\n');
    const failed = await cell('echo no >&2; false');
    assert.deepEqual([failed.state, failed.stderr, failed.error?.message], ['error', 'no\n', '1']);
    const gone = await cell('echo last; exit 3');
    assert.deepEqual([gone.state, gone.stdout], ['ended', 'last\n']);
    await assert.rejects(cell('true'), { code: 'process_ended' });
    await call('restart', { context: gone.context });
    assert.equal((await cell('pwd')).stdout, '/home/sandbox\n');
  });

  it('tell of output and results while a cell runs, in order', async () => {
    const code = 'import sys\nprint("a")\ndisplay(1)\nprint("b", file=sys.stderr)\ndisplay(2)\nprint("é")\n3';
    const { events, result } = await follow(live.stream('contexts.run', { sandbox, code }));
    assert.deepEqual(
      events.map((event) => event['text'] ?? (event['data'] as Record<string, unknown>)['text/plain']),
      ['a\n', '1', 'b\n', '2', 'é\n', '3'],
    );
    assert.equal((result as unknown as Ran).stdout, 'a\né\n');
  });

  it('tell what went wrong as data (python)', async () => {
    const cell = inLanguage('python');
    await cell('def f():\n    return 1 / 0');
    const { state, error } = await cell('try:\n    f()\nexcept ArithmeticError as e:\n    raise KeyError("k") from e');
    assert.deepEqual([state, error?.name, error?.message], ['error', 'KeyError', "'k'"]);
    assert.deepEqual(
      error?.frames.map(({ line, function: name, source }) => [line, name, source]),
      [[4, '<module>', 'raise KeyError("k") from e']],
    );
    assert.match(error?.text ?? '', /ZeroDivisionError: division by zero[^]*direct cause[^]*KeyError: 'k'/);
    assert.ok(!error?.text.includes('soulbox'), error?.text);
    const typo = await cell('x = (');
    assert.deepEqual([typo.error?.name, typo.error?.frames[0]?.line], ['SyntaxError', 1]);
    assert.equal((await cell('exit(3)')).error?.name, 'SystemExit');
    const odd = await cell('class Odd(Exception):\n  def __str__(self): raise OSError\nraise Odd');
    assert.equal(odd.error?.name, 'Odd');
  });

  it('tell what went wrong as data (javascript, typescript)', async () => {
    const cell = inLanguage('javascript');
    await cell('function f() {\n  throw new TypeError("no");\n}');
    const { error } = await cell('\nf();');
    assert.deepEqual([error?.name, error?.message], ['TypeError', 'no']);
    assert.deepEqual(
      error?.frames.map(({ line, function: name, source }) => [line, name, source]),
      [
        [2, 'f', 'throw new TypeError("no");'],
        [2, '', 'f();'],
      ],
    );
    assert.deepEqual((await cell('throw 3')).error?.text, 'Uncaught 3\n');
    assert.equal((await cell('let q = ;')).error?.frames[0]?.line, 1);
    assert.equal((await cell('process.exit(2)')).error?.name, 'ExitCalled');
    const later = await cell(
      'setTimeout(() => { throw new Error("late") }); await new Promise((r) => setTimeout(r, 50))',
    );
    assert.match(later.stderr, /Uncaught Error: late/);
    const typed = await run('const a: = 3', { language: 'ts' });
    assert.deepEqual([typed.state, typed.error?.name, typed.error?.frames[0]?.line], ['error', 'SyntaxError', 1]);
  });

  it('import, await and declare anew', async () => {
    const cell = inLanguage('js');
    assert.equal((await cell('import fs, { existsSync as there } from "node:fs"')).state, 'ok');
    assert.deepEqual(plain(await cell('const n = 1; there("/") && fs.existsSync("/")')), ['true']);
    assert.deepEqual(plain(await cell('const n = (await import("node:os")).EOL.length; n + 1')), ['2']);
    await live.call('files.write', { sandbox, path: 'own.mjs', content: 'export default 7; export const two = 2;' });
    assert.deepEqual(plain(await cell("import own, * as all from './own.mjs'; own + all.two")), ['9']);
    assert.equal((await cell("import 'node:path'; require('node:path').sep")).state, 'ok');
    const enums = await run('enum E { A = 4 }\nimport type { Stats } from "node:fs"\nE.A', { language: 'typescript' });
    assert.deepEqual(plain(enums), ['4']);
    assert.deepEqual(plain(await run('import asyncio\nawait asyncio.sleep(0)\nawait asyncio.sleep(0, 5)')), ['5']);
  });

  it('show values richly', async () => {
    const code = `
class Rich:
    def _repr_html_(self): return "<b>x</b>"
    def _repr_markdown_(self): raise ValueError
    def _repr_png_(self): return b"png"
    def _repr_json_(self): return {"a": [1, float("nan")]}, {"expanded": True}
    def _repr_latex_(self): return "$x$"
    def __repr__(self): return "rich"
display({"text/markdown": "*"}, raw=True)
Rich()`;
    const { results } = await run(code);
    assert.deepEqual(results[0]?.data, { 'text/markdown': '*' });
    assert.deepEqual(results[1]?.data, {
      'text/html': '<b>x</b>',
      'text/latex': '$x$',
      'image/png': Buffer.from('png').toString('base64'),
      'application/json': { a: [1, null] },
      'text/plain': 'rich',
    });
    const js = await run(
      'await display({ "text/html": "<i>" }, { raw: true }); ({ [Symbol.for("Jupyter.display")]: () => ({ "image/svg+xml": "<svg/>" }) })',
      { language: 'javascript' },
    );
    assert.deepEqual(js.results[0]?.data, { 'text/html': '<i>' });
    assert.equal(js.results[1]?.data['image/svg+xml'], '<svg/>');
  });

  it('show a data frame, a figure and what is charted', { skip: needsModules('pandas', 'matplotlib') }, async () => {
    const frame = await run('import pandas as pd\npd.DataFrame({"n": [1, 2.5], "s": ["a", None]})');
    assert.equal(frame.error, null);
    const { data } = frame.results[0]!;
    assert.match(String(data['text/html']), /<table/);
    assert.deepEqual(data['application/vnd.dataresource+json'], {
      schema: {
        fields: [
          { name: 'index', type: 'integer' },
          { name: 'n', type: 'number' },
          { name: 's', type: 'string' },
        ],
        primaryKey: ['index'],
      },
      data: [
        { index: 0, n: 1, s: 'a' },
        { index: 1, n: 2.5, s: null },
      ],
      rows: 2,
    });
    const drawn = await run(`
import matplotlib.pyplot as plt
plt.bar(["a", "b"], [3, 4]); plt.title("T"); plt.ylabel("y"); plt.show()
figure, (one, two, three, four) = plt.subplots(1, 4)
one.plot([1, 2], [3, 4], label="l"); two.scatter([5], [6]); three.pie([1, 3], labels=["u", "v"]); four.boxplot([[1, 2, 3, 9]]);`);
    assert.equal(drawn.error, null);
    assert.deepEqual([drawn.state, drawn.results.length], ['ok', 2]);
    const png = Buffer.from(String(drawn.results[0]?.data['image/png']), 'base64');
    assert.equal(png.toString('latin1', 1, 4), 'PNG');
    const charts = drawn.results.map((shown) => shown.data['application/vnd.soulbox.chart+json']) as {
      charts: { type: string; title: string; y: { label: string }; elements: unknown[] }[];
    }[];
    const [bar] = charts[0]!.charts;
    assert.deepEqual([bar?.type, bar?.title, bar?.y.label], ['bar', 'T', 'y']);
    assert.deepEqual(bar?.elements, [
      { group: '', label: 'a', value: 3 },
      { group: '', label: 'b', value: 4 },
    ]);
    assert.deepEqual(
      charts[1]!.charts.map(({ type, elements }) => [type, elements[0]]),
      [
        [
          'line',
          {
            label: 'l',
            points: [
              [1, 3],
              [2, 4],
            ],
          },
        ],
        ['scatter', { label: '', points: [[5, 6]] }],
        ['pie', { label: 'u', fraction: 0.25 }],
        [
          'box',
          { label: '1', minimum: 1, firstQuartile: 1.75, median: 2.5, thirdQuartile: 4.5, maximum: 4.5, outliers: [9] },
        ],
      ].map(([type, element]) => [type, element]),
    );
    assert.equal((await run('plt.figure(); len(plt.get_fignums())')).results[0]?.data['text/plain'], '1');
  });

  for (const [language, endless, waits] of [
    ['python', 'while True: pass', 'import time; time.sleep(60)'],
    ['javascript', 'for (;;);', 'await new Promise(() => {})'],
    ['shell', 'while :; do :; done', 'sleep 60'],
  ] as const)
    it(`are interrupted, and go on (${language})`, async () => {
      const { id } = await call<Context>('create', { language });
      await run(language === 'shell' ? 'x=1' : 'x = 1', { context: id });
      for (const code of [endless, waits]) {
        const timed = await run(code, { context: id, timeoutMs: 300 });
        assert.equal(timed.state, 'timeout', JSON.stringify(timed));
      }
      const running = run(waits, { context: id });
      while (!(await call<{ interrupted: boolean }>('interrupt', { context: id })).interrupted);
      const { state, error } = await running;
      assert.deepEqual([state, error?.name], ['error', language === 'python' ? 'KeyboardInterrupt' : 'Interrupted']);
      const left = run(language === 'shell' ? 'echo $x' : 'x', { context: id });
      assert.match(JSON.stringify(await left), /"(text\/plain":"1"|stdout":"1\\n")/);
      assert.deepEqual(await call('interrupt', { context: id }), { interrupted: false });
      await remove(id);
    });

  it('are ended where an interrupt does not help, and restarted', async () => {
    const { id, process: first } = await call<Context>('create', { cwd: '/tmp', env: { OWN: 'x' } });
    const stubborn = 'import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass';
    assert.equal((await run(stubborn, { context: id, timeoutMs: 200 })).state, 'ended');
    await assert.rejects(run('1', { context: id }), { code: 'process_ended' });
    assert.equal((await call<Context>('get', { context: id })).state, 'ended');
    const again = await call<Context>('restart', { context: id });
    assert.notEqual(again.process, first);
    const where = await run('import os; print(os.getcwd(), os.environ["OWN"])', { context: id });
    assert.equal(where.stdout, '/tmp x\n');
    const waiting = Promise.allSettled(['import time; time.sleep(60)', '1'].map((code) => run(code, { context: id })));
    while ((await call<Context>('get', { context: id })).state !== 'busy');
    await call('restart', { context: id });
    const [killed, refused] = await waiting;
    assert.equal(killed?.status === 'fulfilled' && killed.value.state, 'ended');
    assert.equal(refused?.status === 'rejected' && (refused.reason as { code: string }).code, 'conflict');
    await remove(id);
    await assert.rejects(run('1', { context: id }), { code: 'not_found' });
  });

  it('run one cell at a time, and refuse more than may wait', async () => {
    const { id } = await call<Context>('create', {});
    const slow = 'import time; time.sleep(0.2); print(time.time())';
    const cells = await Promise.allSettled(Array.from({ length: 5 }, () => run(slow, { context: id })));
    const done = cells.flatMap((cell) => (cell.status === 'fulfilled' ? [Number(cell.value.stdout)] : []));
    assert.deepEqual(
      done,
      done.toSorted((a, b) => a - b),
    );
    assert.ok(done.length >= 3, String(done.length));
    const refused = cells.filter((cell) => cell.status === 'rejected');
    assert.ok(refused.length > 0);
    for (const { reason } of refused) assert.equal((reason as { code: string }).code, 'overloaded');
    await remove(id);
  });

  it('share nothing, however many are made at once', async () => {
    await remove((await call<Context>('create', {})).id);
    const made = await Promise.all([1, 2].map(() => call<Context>('create', {})));
    assert.equal(new Set(made.map((each) => each.process)).size, 2);
    for (const { id } of made) await remove(id);
  });

  it('interrupt the cell of a caller who leaves', async () => {
    const { id } = await call<Context>('create', {});
    const abort = new AbortController();
    const leaving = (async () => {
      const code = 'import time\nprint("up")\ntime.sleep(60)';
      for await (const _ of live.stream('contexts.run', { sandbox, context: id, code }, abort.signal)) abort.abort();
    })();
    await assert.rejects(leaving, { code: 'cancelled' });
    assert.deepEqual(plain(await run('1 + 1', { context: id })), ['2']);
    await remove(id);
  });

  it('bound what a cell can make the host hold', async () => {
    const { id } = await call<Context>('create', {});
    const much = await run('print("x" * 200_000)\nfor _ in range(4): display({"text/plain": "y" * 90_000}, raw=True)', {
      context: id,
    });
    assert.deepEqual([much.stdout.length, much.truncated], [100_000, { stdout: true, stderr: false, results: true }]);
    await assert.rejects(run('display({"text/plain": "y" * 300_000}, raw=True)', { context: id }), {
      code: 'payload_too_large',
    });
    await assert.rejects(run('1', { context: id }), { code: 'process_ended' });
    await remove(id);
  });

  it('take nothing from a control stream that user code writes to', async () => {
    const { id } = await call<Context>('create', {});
    const code = `
import os
for fd in range(3, 20):
    for text in (b'{"id":1,"type":"end"}\\n', b'nonsense\\n', b'{"type":"result"}\\n'):
        try: os.write(fd, text)
        except OSError: pass
5`;
    assert.deepEqual(plain(await run(code, { context: id })), ['5']);
    // What is nested so deep could not be told on.
    const deep = `
import sys
cells = sys.modules["_soulbox_cells"]
nested = "[" * 20_000 + "]" * 20_000
line = '{"id":%d,"type":"display","metadata":{},"data":{"a":' % cells.teller.cell + nested + "}}\\n"
os.write(cells.control, line.encode())
6`;
    assert.deepEqual(plain(await run(deep, { context: id })), ['6']);
    const forked = await run('import os\npid = os.fork()\nif pid: os.waitpid(pid, 0)\ndisplay(6)', { context: id });
    assert.deepEqual(plain(forked), ['6']);
    await remove(id);
  });

  it('are refused where they cannot be', async () => {
    await assert.rejects(call('create', { language: 'cobol' }), { code: 'language_unknown' });
    await assert.rejects(call('create', { cwd: '/none' }), { code: 'path_not_found' });
    const bare = await live.create();
    await assert.rejects(live.call('contexts.create', { sandbox: bare, language: 'py' }), {
      code: 'language_unavailable',
    });
    const { id } = await live.call<Context>('contexts.create', { sandbox: bare, language: 'sh' });
    await assert.rejects(call('get', { context: id }), { code: 'not_found' });
    await assert.rejects(live.call('contexts.get', { sandbox: bare, context: id }, otherTenant), { code: 'not_found' });
    await live.call('sandboxes.delete', { id: bare });
    const before = (await call<{ contexts: Context[] }>('list', {})).contexts;
    const rest = 6 - before.length;
    const more = await Promise.all(Array.from({ length: rest }, () => call<Context>('create', { language: 'shell' })));
    await assert.rejects(call('create', { language: 'shell' }), { code: 'overloaded' });
    for (const each of more) await remove(each.id);
  });
});
