import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diagnose } from '../src/diagnose.ts';

const compiler = `# command-line-arguments
./main.go:3:2: undefined: x
./main.go:4:6: declared and not used: a
	./other.go:1:1: other declaration of a
words/a b.go:9:13: syntax error: unexpected newline
main.go:2:8: package nosuch/x is not in std (/usr/local/go/src/nosuch/x)
go: errors parsing go.mod:
go.mod:3: unknown directive: requires
/usr/local/go/src/fmt/print.go:1:2: of the library
too many errors
`;

const panic = `before
panic: runtime error: index out of range [3] with length 0

goroutine 1 [running]:
main.f(...)
	/home/sandbox/words/a b.go:3
main.main()
	/home/sandbox/main.go:4 +0xa
exit status 2
`;

test('the compiler’s errors are found with file, line and column', () => {
  assert.deepEqual(diagnose('compile', compiler), [
    { file: 'main.go', line: 3, column: 2, message: 'undefined: x' },
    { file: 'main.go', line: 4, column: 6, message: 'declared and not used: a' },
    { file: 'words/a b.go', line: 9, column: 13, message: 'syntax error: unexpected newline' },
    { file: 'main.go', line: 2, column: 8, message: 'package nosuch/x is not in std (/usr/local/go/src/nosuch/x)' },
    { file: 'go.mod', line: 3, column: 1, message: 'unknown directive: requires' },
  ]);
  assert.equal(diagnose('compile', './main.go:1:1: again\n'.repeat(1000)).length, 100);
});

test('a panic is found at the innermost call in the program itself', () => {
  const index = 'runtime error: index out of range [3] with length 0';
  const table: [string, unknown[]][] = [
    [panic, [{ file: 'words/a b.go', line: 3, column: 1, message: index }]],
    [
      'fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1:\n\t/usr/local/go/src/x.go:1 +0x1\n\t/home/sandbox/m.go:2 +0x1f\n',
      [{ file: 'm.go', line: 2, column: 1, message: 'all goroutines are asleep - deadlock!' }],
    ],
    ['panic: without a place', []],
    ['\t/home/sandbox/m.go:2 +0x1f\nno panic', []],
    ['', []],
  ];
  for (const [stderr, expected] of table) assert.deepEqual(diagnose('run', stderr), expected, stderr);
});
