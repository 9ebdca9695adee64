import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { describe, test } from 'node:test';
import { isSoulboxError, type LanguageRuntime } from '@soulbox/plugin-sdk';
import type { PlanRun, PlanRunOptions } from '../testing/run-plan-unsandboxed.ts';
import { withResource } from './with-resource.ts';

type RunnablePlan = Extract<Awaited<ReturnType<LanguageRuntime['plan']>>, { ok: true }>;

/** A runtime for one test, with a toolchain that is really there. */
export interface LanguageRuntimeFixture {
  readonly runtime: LanguageRuntime;
  dispose(): Promise<void>;
}

/** Programs in the language under test. */
export interface LanguagePrograms {
  /**
   * Prints one line of JSON, `{"args": […], "mark": …, "stdin": "…"}`: its arguments, the environment variable
   * `SUITE_MARK`, all of its standard input as text; then ends with exit code 7.
   */
  readonly inspect: string;
  /** Prints `hello` and a line feed, taking the word from another of the files. Nothing but `entry` says where to begin. */
  readonly parts: { readonly entry: string; readonly files: Readonly<Record<string, string>> };
  /** Cannot be understood because of something in its line 3. */
  readonly broken: string;
}

export interface LanguageRuntimeSuiteOptions {
  readonly name?: string;
  create(): Promise<LanguageRuntimeFixture>;
  /** Runs a plan: in a sandbox, or with `runPlanUnsandboxed`, since these programs can be trusted. */
  run(plan: RunnablePlan, options?: PlanRunOptions): Promise<PlanRun>;
  /** Without them, what needs a program of the language beyond its canary is skipped. */
  readonly programs?: LanguagePrograms;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);
const asFiles = (files: Readonly<Record<string, string>>) =>
  Object.entries(files).map(([path, content]) => ({ path, content: bytes(content) }));

async function planned(
  runtime: LanguageRuntime,
  files: Readonly<Record<string, string>>,
  more: { entry?: string; args?: string[] } = {},
): Promise<RunnablePlan> {
  const plan = await runtime.plan({ entry: more.entry, files: asFiles(files), args: more.args ?? [] });
  assert.ok(plan.ok, plan.ok ? '' : plan.message);
  return plan;
}

/** Registers the tests that every implementation of LanguageRuntime passes. */
export function languageRuntimeSuite(options: LanguageRuntimeSuiteOptions): void {
  describe(`conformance: ${options.name ?? 'LanguageRuntime'}`, () => {
    descriptionTests(options);
    if (options.programs) programTests(options, options.programs);
    else test('programs do what their language says', { skip: 'no programs are given' });
    entryTests(options);
    nameTests(options);
  });
}

function descriptionTests({ create, run }: LanguageRuntimeSuiteOptions): void {
  test(
    'it describes a toolchain that is there, the same each time',
    withResource(create, async ({ runtime }) => {
      const info = await runtime.describe();
      assert.equal(info.available, true, info.reason ?? '');
      assert.equal(info.reason, null);
      assert.match(info.name, /^[a-z][a-z0-9+#-]*$/);
      assert.match(info.version, /^\d+(\.\d+)+/);
      assert.ok(info.extensions.length > 0 && info.extensions.every((ending) => /^\.\w+$/.test(ending)));
      assert.ok(!info.aliases.includes(info.name));
      assert.deepEqual(await runtime.describe(), info);
    }),
  );
  test(
    'the paths that boxes need are absolute, exist, and hold nothing twice',
    withResource(create, async ({ runtime }) => {
      const { paths } = await runtime.describe();
      assert.ok(paths.length > 0);
      for (const path of paths) {
        assert.ok(isAbsolute(path) && path !== '/', path);
        assert.ok(existsSync(path), path);
        assert.ok(!paths.some((other) => path.startsWith(`${other}/`)), path);
      }
    }),
  );
  test(
    'the canary prints what the description says, and nothing else',
    withResource(create, async ({ runtime }) => {
      const { canary } = await runtime.describe();
      const result = await run(await planned(runtime, { '': canary.code }));
      assert.equal(text(result.stderr), '');
      assert.equal(text(result.stdout), canary.stdout);
      assert.equal(result.exitCode, 0);
    }),
  );
  test(
    'every stage starts an absolute program, and exactly one reads standard input',
    withResource(create, async ({ runtime }) => {
      const { canary } = await runtime.describe();
      const { stages } = await planned(runtime, { '': canary.code });
      assert.ok(stages.every((stage) => isAbsolute(stage.argv[0] ?? '')));
      assert.equal(stages.filter((stage) => stage.stdin).length, 1);
      for (const { env } of stages) assert.equal(env['HOME'], '/home/sandbox');
    }),
  );
}

function programTests({ create, run }: LanguageRuntimeSuiteOptions, programs: LanguagePrograms): void {
  const { entry, files } = programs.parts;
  test(
    'a program of several files starts at its entry',
    withResource(create, async ({ runtime }) => {
      const result = await run(await planned(runtime, files, { entry }));
      assert.equal(text(result.stderr), '');
      assert.equal(text(result.stdout), 'hello\n');
    }),
  );
  test(
    'arguments, environment, standard input and exit code are the program’s own',
    withResource(create, async ({ runtime }) => {
      const args = ['', 'a b', '--version', '-c', '"$HOME"', 'é😀', '*', 'line\nfeed'];
      const plan = await planned(runtime, { '': programs.inspect }, { args });
      const result = await run(plan, { stdin: 'first\nzweite é\n', env: { SUITE_MARK: 'marked' } });
      assert.equal(text(result.stderr), '');
      assert.deepEqual(JSON.parse(text(result.stdout)), { args, mark: 'marked', stdin: 'first\nzweite é\n' });
      assert.equal(result.exitCode, 7);
    }),
  );
  test(
    'a client’s variable wins over the language’s own, and breaks nothing',
    withResource(create, async ({ runtime }) => {
      const plan = await planned(runtime, { '': programs.inspect });
      const names = [...new Set(plan.stages.flatMap((stage) => Object.keys(stage.env)))];
      assert.ok(names.includes('PATH'));
      const result = await run(plan, {
        env: { ...Object.fromEntries(names.map((name) => [name, ''])), SUITE_MARK: 'm' },
      });
      assert.equal(JSON.parse(text(result.stdout)).mark, 'm');
    }),
  );
  test(
    'what cannot be understood is named with its line, and nothing of it runs',
    withResource(create, async ({ runtime }) => {
      const plan = await runtime.plan({ entry: undefined, files: asFiles({ '': programs.broken }), args: [] });
      if (plan.ok) {
        const result = await run(plan);
        assert.notEqual(result.exitCode, 0);
        assert.equal(text(result.stdout), '');
        assert.match(text(result.stderr), /(?:: ?|line )3\b/);
      } else {
        assert.match(plan.message, /^[^\n]+:3:\d+: [^\n]+\n/);
        assert.ok(plan.diagnostics.length > 0);
        assert.equal(plan.diagnostics[0]?.line, 3);
      }
    }),
  );
}

function entryTests({ create, run }: LanguageRuntimeSuiteOptions): void {
  test(
    'the only file is the entry',
    withResource(create, async ({ runtime }) => {
      const { canary, extensions } = await runtime.describe();
      const result = await run(await planned(runtime, { [`anything${extensions[0]}`]: canary.code, 'data.txt': 'x' }));
      assert.equal(text(result.stdout), canary.stdout);
    }),
  );
  test(
    'files that are no programs arrive as they are',
    withResource(create, async ({ runtime }) => {
      const { canary } = await runtime.describe();
      const data = Uint8Array.from({ length: 256 }, (_, n) => n);
      const plan = await runtime.plan({
        entry: undefined,
        files: [...asFiles({ '': canary.code }), { path: 'deep/er/data.bin', content: data }],
        args: [],
      });
      assert.ok(plan.ok);
      assert.deepEqual(plan.files.find((file) => file.path === 'deep/er/data.bin')?.content, data);
    }),
  );
  test(
    'no entry, or none that is there, is refused as invalid_params',
    withResource(create, async ({ runtime }) => {
      const { extensions } = await runtime.describe();
      const several = { [`a${extensions[0]}`]: '', [`b${extensions[0]}`]: '' };
      for (const input of [
        { entry: undefined, files: [] },
        { entry: undefined, files: asFiles({ 'data.txt': '' }) },
        { entry: undefined, files: asFiles(several) },
        { entry: `c${extensions[0]}`, files: asFiles(several) },
      ])
        await assert.rejects(
          runtime.plan({ ...input, args: [] }),
          (thrown) => isSoulboxError(thrown) && thrown.code === 'invalid_params',
        );
    }),
  );
}

function nameTests({ create, run }: LanguageRuntimeSuiteOptions): void {
  const names = [
    '-c',
    '--help',
    'with space',
    'quote\'"`$(id)',
    'é😀',
    'percent%41#?&',
    'sub folder/-e',
    'line\nfeed',
    '@file',
  ];
  test(
    'a file’s name is only a name',
    withResource(create, async ({ runtime }) => {
      const { canary, extensions } = await runtime.describe();
      for (const name of names.map((stem) => stem + extensions[0])) {
        const result = await run(await planned(runtime, { [name]: canary.code }, { entry: name }));
        assert.equal(text(result.stdout), canary.stdout, `${name}: ${text(result.stderr)}`);
        assert.equal(result.exitCode, 0, name);
      }
    }),
  );
}
