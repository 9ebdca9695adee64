import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  definePlugin,
  LanguageRuntime,
  type Diagnostic,
  type ExecutionResult,
  type LanguageInfo,
  type PlannedStage,
} from '@soulbox/plugin-sdk';
import { ScriptedDriver } from '@soulbox/plugin-sdk/testing';
import { scriptedHost } from '../support/scripted-host.ts';

const info: LanguageInfo = {
  name: 'compiled',
  aliases: [],
  extensions: ['.c'],
  version: '2.1.0',
  versions: ['2.1.0', '1.9.0'],
  available: true,
  reason: null,
  paths: [],
  canary: { code: '', stdout: '' },
};
const place: Diagnostic = { file: 'main.c', line: 3, column: 7, message: 'wrong' };
type Diagnose = NonNullable<LanguageRuntime['diagnose']>;

/** A host with a language whose one stage plays the script and is what the test says. */
function hostWith(stage: Partial<PlannedStage>, diagnose?: Diagnose) {
  const asked: unknown[] = [];
  const plugin = definePlugin({
    id: 'compiled',
    provides: [LanguageRuntime],
    setup(context) {
      const runtime: LanguageRuntime = {
        describe: () => Promise.resolve(info),
        plan: async (input) => {
          asked.push([input.version, input.toolchain]);
          const stages = [{ name: 'compile', argv: ['/cc'], env: {}, ...stage }];
          return { ok: true, files: [{ path: 'main.c', content: input.files[0]!.content }], stages };
        },
        ...(diagnose ? { diagnose } : {}),
      };
      context.provide(LanguageRuntime, runtime, 'compiled');
    },
  });
  return scriptedHost({ plugins: { compiled: { plugin } } }).then((host) => ({ ...host, asked }));
}

async function run(host: Awaited<ReturnType<typeof hostWith>>, code: string, more: object = {}) {
  return (await host.call('executions.create', { language: 'compiled', code, ...more })) as ExecutionResult;
}

describe('programs that are wrong', () => {
  it('a compiler that refuses its source makes it a compile error with its places', async () => {
    const told: string[][] = [];
    await using host = await hostWith({ compiles: true }, async (stage, stderr) => {
      told.push([stage, stderr]);
      return [place];
    });
    const result = await run(host, 'err main.c:3:7: wrong\nexit 1');
    assert.deepEqual([result.verdict, result.exitCode], ['compile-error', 1]);
    assert.deepEqual([result.stages[0]?.verdict, result.stages[0]?.diagnostics], ['compile-error', [place]]);
    assert.deepEqual(told, [['run', 'main.c:3:7: wrong\n']]);
    assert.deepEqual(host.asked, [[undefined, 'host']]);
    assert.equal((await run(host, 'out fine')).verdict, 'ok');
    assert.equal((await run(host, 'crash')).verdict, 'signal', 'a compiler that crashes refuses nothing');
    assert.equal(told.length, 1);
  });

  it('a program that fails keeps its verdict, and its places are named', async () => {
    await using host = await hostWith({}, async () => [place]);
    const result = await run(host, 'err trace\nexit 7');
    assert.deepEqual([result.verdict, result.exitCode, result.stages[0]?.diagnostics], ['exit', 7, [place]]);
  });

  it('at most so much is looked at, and so many places are kept', async () => {
    let length = 0;
    await using host = await hostWith({}, async (_, stderr) => {
      length = stderr.length;
      return Array.from({ length: 500 }, () => place);
    });
    const result = await run(host, `err ${'x'.repeat(100_000)}\nexit 1`);
    assert.deepEqual([length, result.stages[0]?.diagnostics.length], [65_536, 100]);
  });

  for (const [what, diagnose] of [
    ['fails', () => Promise.reject(new Error('lost'))],
    ['answers with something else', async () => [{ file: 1 }] as unknown as Diagnostic[]],
  ] as const satisfies readonly (readonly [string, Diagnose])[])
    it(`a language that ${what} when asked where changes nothing`, async () => {
      await using host = await hostWith({ compiles: true }, diagnose);
      const result = await run(host, 'exit 1');
      assert.deepEqual([result.verdict, result.stages[0]?.diagnostics], ['compile-error', []]);
    });

  it('a language that is slow to say where is not waited for', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let asked = () => {};
    const begun = new Promise<void>((resolve) => (asked = resolve));
    const { withDiagnostics } = await import('../../src/execution/diagnose.ts');
    const driver = new ScriptedDriver();
    await driver.create({ paths: [], labels: {} });
    const limits = { wallMs: 1, cpuMs: 1, memoryBytes: 1, outputBytes: 1, processes: 1, diskBytes: 1 };
    const spec = { id: 'x', files: [{ path: 'x', content: Buffer.from('exit 1') }], stages: [], limits };
    const warnings: unknown[] = [];
    for await (const event of driver.run('scripted-1', spec, { signal: new AbortController().signal })) {
      if (event.type !== 'end') continue;
      const finding = withDiagnostics(event.outcome, {
        diagnose: () => {
          asked();
          return new Promise(() => {});
        },
        stderr: () => new Uint8Array(),
        log: { warn: (entry: unknown) => warnings.push(entry) } as never,
      });
      await begun;
      t.mock.timers.tick(5_000);
      assert.equal(await finding, event.outcome);
    }
    assert.equal(warnings.length, 1);
  });

  it('the version that is asked for reaches the language and the result', async () => {
    await using host = await hostWith({});
    const result = await run(host, 'out x', { version: '1.9' });
    assert.deepEqual(result.language, { name: 'compiled', version: '1.9.0' });
    assert.deepEqual(host.asked, [['1.9.0', 'host']]);
    await assert.rejects(run(host, 'out x', { version: '3' }), { code: 'language_unknown' });
  });
});
