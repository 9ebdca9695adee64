import type { ExecutionParams, ExecutionResult, Verdict } from '@soulbox/plugin-sdk';

/** A program of a mixed load, and how it must end. */
interface Mixed {
  readonly params: ExecutionParams;
  readonly verdict: Verdict;
  readonly stdout: string;
  /** How often it comes, of all. */
  readonly share: number;
}

const python = (code: string, more: Partial<ExecutionParams> = {}): ExecutionParams => ({
  language: 'python',
  code,
  ...more,
});

/** What a host meets in a day: mostly small programs, some output, files, input, failures and a limit. */
const mixed: readonly Mixed[] = [
  { share: 50, params: python('print(6 * 7)'), verdict: 'ok', stdout: '42\n' },
  { share: 10, params: python('print("x" * 20000)'), verdict: 'ok', stdout: `${'x'.repeat(20_000)}\n` },
  {
    share: 10,
    params: python(
      'for n in range(20): open(f"{n}.txt", "w").write("y" * 5000)\nimport os; print(len(os.listdir(".")) >= 20)',
    ),
    verdict: 'ok',
    stdout: 'True\n',
  },
  {
    share: 10,
    params: python('import sys; print(sys.stdin.read()[::-1])', { stdin: 'backwards' }),
    verdict: 'ok',
    stdout: 'sdrawkcab\n',
  },
  { share: 8, params: python('print("before", flush=True); raise SystemExit(3)'), verdict: 'exit', stdout: 'before\n' },
  { share: 5, params: python('print(1 / 0)'), verdict: 'exit', stdout: '' },
  {
    share: 1,
    params: python('while True: print("z" * 1000)', { limits: { outputBytes: 10_000 } }),
    verdict: 'output-limit',
    stdout: `${'z'.repeat(1000)}\n`.repeat(10).slice(0, 10_000),
  },
  { share: 6, params: { language: 'javascript', code: 'console.log(6 * 7)' }, verdict: 'ok', stdout: '42\n' },
];

const shares = mixed.reduce((sum, { share }) => sum + share, 0);

/** One of them; `random` is from 0 to 1. */
export function chooseMixed(random: number): Mixed {
  let left = random * shares;
  return mixed.find(({ share }) => (left -= share) < 0) ?? mixed[0]!;
}

/** @throws Error that shows the difference where a program did not end as it must */
export function assertMixed({ verdict, stdout, params }: Mixed, result: ExecutionResult): void {
  if (result.verdict === verdict && result.stdout === stdout) return;
  const seen = `${result.verdict} ${JSON.stringify(result.stdout.slice(0, 200))} ${result.stderr.slice(0, 500)}`;
  throw new Error(`${params.code?.slice(0, 60)}: ended as ${seen} ${JSON.stringify(result.error)}, not as ${verdict}`);
}
