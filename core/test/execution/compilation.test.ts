import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import {
  definePlugin,
  LanguageRuntime,
  SandboxDriver,
  type ExecutionResult,
  type PlannedStage,
  type Principal,
  type RunEvent,
  type RunSpec,
} from '@soulbox/plugin-sdk';
import { ScriptedDriver, testPrincipal } from '@soulbox/plugin-sdk/testing';
import { each, scriptedHost, stranger, until } from '../support/scripted-host.ts';

const folder = mkdtempSync(join(tmpdir(), 'soulbox-compilation-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const toolchain = join(folder, 'compiler');
writeFileSync(toolchain, '');

const usage = { wallMs: 1, cpuMs: 1, peakMemoryBytes: null };

/** Compiles as the source says: `warn` prints, `fail` fails, `cut` tells of a file that never is whole, `none` of none. */
class CompilingDriver extends ScriptedDriver {
  override async *run(_id: string, spec: RunSpec): AsyncIterable<RunEvent> {
    this.ran.push(spec);
    const source = Buffer.from(spec.files[0]?.content ?? []).toString();
    const stages = [];
    for (const { name, keep } of spec.stages) {
      yield { type: 'stage', name };
      const isFailure = name === 'compile' && source === 'fail';
      if (name === 'compile' && source === 'warn') yield { type: 'stderr', data: Buffer.from('a warning\n') };
      const verdict = isFailure ? ('exit' as const) : ('ok' as const);
      stages.push({ name, verdict, exitCode: isFailure ? 1 : 0, signal: null, usage, limit: null, diagnostics: [] });
      if (isFailure) break;
      if (keep !== undefined && source !== 'none') {
        yield { type: 'file', data: Buffer.from('made of '), last: false };
        if (source !== 'cut') yield { type: 'file', data: Buffer.from(source), last: true };
      }
      const made = spec.files.find(({ path }) => path === 'a.out')?.content;
      if (name === 'run') yield { type: 'stdout', data: made ?? Buffer.from(`made of ${source}`) };
    }
    const last = stages.at(-1);
    assert.ok(last);
    const { verdict, exitCode, signal } = last;
    const truncated = { stdout: false, stderr: false };
    yield { type: 'end', outcome: { verdict, exitCode, signal, stages, truncated, enforced: this.report.enforced } };
  }
}

async function start(config: object = {}, first: Partial<PlannedStage> = {}) {
  const driver = new CompilingDriver();
  const plugin = definePlugin({
    id: 'compiling',
    provides: [SandboxDriver, LanguageRuntime],
    setup(context) {
      context.provide(SandboxDriver, driver, 'scripted');
      const info = { aliases: [], extensions: [], available: true, reason: null, paths: [toolchain] };
      const runtime: LanguageRuntime = {
        describe: async () => ({ ...info, name: 'compiled', version: '1', canary: { code: '', stdout: 'made of ' } }),
        plan: async ({ files }) => ({
          ok: true,
          files: files.map((file) => ({ ...file, path: file.path || 'main' })),
          stages: [
            { name: 'compile', argv: ['/cc'], env: {}, stdin: false, compiles: true, keep: 'a.out', ...first },
            { name: 'run', argv: ['/a.out'], env: {} },
          ],
        }),
      };
      context.provide(LanguageRuntime, runtime, 'compiled');
    },
  });
  const host = await scriptedHost({ plugins: { 'scripted-sandbox': { plugin } }, ...config });
  const run = async (params: object, principal: Principal = testPrincipal) =>
    (await host.call('executions.create', { language: 'compiled', ...params }, { principal })) as ExecutionResult;
  return { host, driver, run };
}

const startOf = ({ stages }: ExecutionResult) => stages[0]?.start;

/** Runs it until it was found, since it is kept a little after the answer. */
async function untilCached(run: () => Promise<ExecutionResult>): Promise<ExecutionResult> {
  let result = await run();
  await until(async () => startOf((result = await run())) === 'cached');
  return result;
}

describe('a program that was compiled before', () => {
  it('is not compiled again, and the result says so', async () => {
    const { host, driver, run } = await start();
    await using _ = host;
    const cold = await run({ code: 'x' });
    assert.equal(startOf(cold), undefined);
    const cached = await untilCached(() => run({ code: 'x' }));
    assert.equal(cached.stdout, cold.stdout);
    assert.deepEqual(cached.stages[0], {
      name: 'compile',
      start: 'cached',
      verdict: 'ok',
      exitCode: 0,
      signal: null,
      usage: { wallMs: 0, cpuMs: 0, peakMemoryBytes: null },
      limit: null,
      diagnostics: [],
    });
    assert.deepEqual([cached.verdict, cached.stages.length, cached.cache.hit], ['ok', 2, false]);
    const last = driver.ran.at(-1);
    assert.deepEqual(
      last?.stages.map(({ name }) => name),
      ['run'],
    );
    assert.deepEqual(
      last?.files.map(({ path, executable }) => [path, executable]),
      [
        ['main', undefined],
        ['a.out', true],
      ],
    );
  });

  it('takes standard input, arguments and labels of its own', async () => {
    const { host, run } = await start();
    await using _ = host;
    await untilCached(() => run({ code: 'x' }));
    assert.equal(startOf(await run({ code: 'x', stdin: 'y', labels: { a: 'b' } })), 'cached');
  });

  const others: Record<string, object> = {
    'another source': { code: 'y' },
    'another variable': { code: 'x', env: { CFLAGS: '-g' } },
    'other limits': { code: 'x', limits: { memoryBytes: 100_000_000 } },
    'another file': {
      files: [
        { path: 'main', content: 'x' },
        { path: 'b', content: '' },
      ],
    },
  };
  for (const [what, params] of Object.entries(others))
    it(`is another one with ${what}`, async () => {
      const { host, run } = await start();
      await using _ = host;
      await untilCached(() => run({ code: 'x' }));
      assert.notEqual(startOf(await run(params)), 'cached');
    });

  it('is never shared between tenants', async () => {
    const { host, run } = await start();
    await using _ = host;
    await untilCached(() => run({ code: 'x' }));
    assert.notEqual(startOf(await run({ code: 'x' }, stranger)), 'cached');
  });

  it('is compiled anew when the toolchain was changed', async () => {
    const { host, run } = await start();
    await using _ = host;
    await untilCached(() => run({ code: 'x' }));
    writeFileSync(toolchain, 'upgraded');
    assert.notEqual(startOf(await run({ code: 'x' })), 'cached');
    rmSync(toolchain);
    assert.equal((await run({ code: 'x' })).verdict, 'ok', 'compiled, though nobody can tell by what');
    writeFileSync(toolchain, '');
  });

  for (const source of ['warn', 'fail', 'cut', 'none'])
    it(`is compiled again where that was no silent success: ${source}`, async () => {
      const { host, run } = await start();
      await using _ = host;
      const results = [await run({ code: source }), await run({ code: source }), await run({ code: source })];
      assert.deepEqual(
        results.map((result) => startOf(result)),
        [undefined, undefined, undefined],
      );
      assert.equal(new Set(results.map(({ stderr, verdict }) => `${stderr}${verdict}`)).size, 1);
    });

  const unkept: Record<string, [config: object, stage: Partial<PlannedStage>, params?: object]> = {
    'the setting is 0': [{ config: { executions: { compileCacheBytes: 0 } } }, {}],
    'the compiler reads standard input': [{}, { stdin: true }],
    'the client sends a file of that name': [
      {},
      {},
      {
        files: [
          { path: 'main', content: 'x' },
          { path: 'a.out', content: '' },
        ],
        entry: 'main',
      },
    ],
  };
  for (const [why, [config, stage, params = { code: 'x' }]] of Object.entries(unkept))
    it(`is compiled each time, and nothing is asked for, where ${why}`, async () => {
      const { host, driver, run } = await start(config, stage);
      await using _ = host;
      for (let n = 0; n < 3; n++) assert.notEqual(startOf(await run(params)), 'cached');
      assert.ok(driver.ran.every(({ stages }) => stages.every(({ keep }) => keep === undefined)));
    });

  it('tells of the stage that was left out as an event', async () => {
    const { host, run } = await start();
    await using _ = host;
    await untilCached(() => run({ code: 'x' }));
    const told: unknown[] = [];
    await each(host.stream('executions.create', { language: 'compiled', code: 'x', stream: true }), (item) =>
      told.push(item),
    );
    const text = JSON.stringify(told);
    assert.match(text, /"stage","data":\{"name":"compile","start":"cached"\}.*"stage","data":\{"name":"run"\}/);
  });
});
