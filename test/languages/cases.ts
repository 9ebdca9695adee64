import assert from 'node:assert/strict';
import type { ExecutionParams, ExecutionResult, Verdict } from '@soulbox/plugin-sdk';
import type { Place, ProgramSet } from './programs/program-set.ts';

/** A column of the table: what is asked of a language, and how it must end. */
export interface Case {
  readonly name: string;
  request(programs: ProgramSet): Omit<ExecutionParams, 'language'>;
  check(result: ExecutionResult, programs: ProgramSet): void;
}

const outputBytes = 10_000;
/** Loaded machines are slow; how much work it is decides the limit on processor time. */
const wallMs = 120_000;

const input = 'in\npüt 😀\nwithout an end';
const args = ['-x', 'a b', 'é😀', '', '--', '"$HOME"'];
const word = 'źródło 源 😀';

function ending({ verdict, exitCode, signal, stdout, stderr, error }: ExecutionResult) {
  return { verdict, exitCode, signal, stdout, stderr, error };
}

function prints(result: ExecutionResult, stdout: string): void {
  assert.deepEqual(ending(result), { verdict: 'ok', exitCode: 0, signal: null, stdout, stderr: '', error: null });
  assert.deepEqual(result.truncated, { stdout: false, stderr: false });
}

function names(result: ExecutionResult, { file, line }: Place): void {
  const [first] = result.stages.at(-1)?.diagnostics ?? [];
  assert.ok(first, `no place is named: ${result.stderr}`);
  assert.deepEqual({ file: first.file, line: first.line }, { file, line });
  assert.ok(first.column >= 1);
  assert.notEqual(first.message, '');
}

function stops(result: ExecutionResult, verdict: Verdict, limit: string): void {
  assert.equal(result.verdict, verdict, result.stderr);
  const last = result.stages.at(-1);
  assert.deepEqual([last?.name, last?.verdict, last?.limit], ['run', verdict, limit]);
}

export const cases: readonly Case[] = [
  {
    name: 'hello',
    request: ({ hello }) => ({ code: hello }),
    check(result, { compileMs }) {
      prints(result, 'hello\n');
      const stages = compileMs > 0 ? ['compile', 'run'] : ['run'];
      assert.deepEqual(
        result.stages.map(({ name }) => name),
        stages,
      );
    },
  },
  {
    name: 'stdin echo',
    request: ({ echo }) => ({ code: echo, stdin: input }),
    check: (result) => prints(result, input),
  },
  {
    name: 'args',
    request: (programs) => ({ code: programs.args, args }),
    check: (result) => prints(result, args.map((arg) => `${arg}\n`).join('')),
  },
  {
    name: 'multi-file',
    request: ({ files }) => ({ files: Object.entries(files).map(([path, content]) => ({ path, content })) }),
    check: (result) => prints(result, 'two files\n'),
  },
  {
    name: 'compile or syntax error',
    request: ({ wrong }) => ({ code: wrong.code }),
    check(result, { wrong }) {
      assert.equal(result.verdict, wrong.verdict, result.stderr);
      assert.equal(result.stdout, '');
      assert.notEqual(result.stderr, '');
      assert.equal(result.stages.at(-1)?.name, wrong.verdict === 'exit' ? 'run' : 'compile');
      names(result, wrong);
    },
  },
  {
    name: 'runtime error',
    request: ({ fails }) => ({ code: fails.code }),
    check(result, { fails }) {
      const { verdict, exitCode, signal, stdout } = result;
      assert.deepEqual({ verdict, exitCode, signal, stdout }, { ...fails.ending, stdout: 'before\n' });
      if (fails.place) names(result, fails.place);
      else assert.notEqual(result.stderr, '');
    },
  },
  {
    name: 'exit code',
    request: ({ exits }) => ({ code: exits }),
    check(result) {
      const expected = { verdict: 'exit', exitCode: 42, signal: null, stdout: 'before\n', stderr: '', error: null };
      assert.deepEqual(ending(result), expected);
    },
  },
  {
    name: 'unicode',
    request: ({ unicode }) => ({ code: unicode, args: ['é→😀'], stdin: 'ввод 入力 👩‍👩‍👧' }),
    check: (result) => prints(result, `${word} é→😀 ввод 入力 👩‍👩‍👧\n`),
  },
  {
    name: 'timeout',
    request: ({ loops, compileMs }) => ({ code: loops, limits: { cpuMs: compileMs + 1_000, wallMs } }),
    check: (result) => stops(result, 'timeout', 'cpuMs'),
  },
  {
    name: 'memory limit',
    request: ({ grows }) => ({ code: grows, limits: { wallMs } }),
    check: (result) => stops(result, 'memory-limit', 'memoryBytes'),
  },
  {
    name: 'output limit',
    request: ({ floods }) => ({ code: floods, limits: { outputBytes } }),
    check(result) {
      stops(result, 'output-limit', 'outputBytes');
      assert.equal(result.stdout, 'flood\n'.repeat(outputBytes).slice(0, outputBytes));
      assert.deepEqual(result.truncated, { stdout: true, stderr: false });
    },
  },
];
