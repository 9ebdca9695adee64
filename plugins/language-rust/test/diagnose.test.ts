import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diagnose } from '../src/diagnose.ts';

const errors = `error[E0308]: mismatched types
 --> ./main.rs:3:18
  |
3 |     let x: i32 = "text";
  |            ---   ^^^^^^ expected \`i32\`, found \`&str\`
  |            |
  |            expected due to this

error: cannot find macro \`nosuch\` in this scope
   --> src/words/mod.rs:12:5
    |
note: consider importing
   --> src/lib.rs:1:1

error[E0433]: failed to resolve
 --> /rustc/59807616/library/core/src/x.rs:1:1

warning: unused
 --> ./main.rs:9:9

error: aborting due to 2 previous errors
`;

test('the compiler’s errors are found with file, line and column, each at its first place', () => {
  assert.deepEqual(diagnose('compile', errors), [
    { file: 'main.rs', line: 3, column: 18, message: 'mismatched types' },
    { file: 'src/words/mod.rs', line: 12, column: 5, message: 'cannot find macro `nosuch` in this scope' },
  ]);
  assert.deepEqual(diagnose('run', errors), []);
});

test('panics are found, as old and new versions write them', () => {
  const table: [string, unknown[]][] = [
    [
      "\nthread 'main' (17) panicked at src/main.rs:2:5:\nindex out of bounds: the len is 0\nnote: run with",
      [{ file: 'src/main.rs', line: 2, column: 5, message: 'index out of bounds: the len is 0' }],
    ],
    [
      "thread '<unnamed>' panicked at /home/sandbox/a b.rs:7:9:\nit's deliberate",
      [{ file: 'a b.rs', line: 7, column: 9, message: "it's deliberate" }],
    ],
    [
      "thread 'main' panicked at 'it's old', main.rs:1:13\nnote: run with",
      [{ file: 'main.rs', line: 1, column: 13, message: "it's old" }],
    ],
    ["thread 'main' panicked at /rustc/598/library/alloc/src/x.rs:1:1:\nof the library", []],
    ['', []],
  ];
  for (const [stderr, expected] of table) assert.deepEqual(diagnose('run', stderr), expected, stderr);
  assert.deepEqual(diagnose('compile', table[0]?.[0] ?? ''), []);
});

test('no more than 100 are told', () => {
  assert.equal(diagnose('compile', 'error: x\n --> ./main.rs:1:1\n'.repeat(1000)).length, 100);
  assert.equal(diagnose('run', "thread 'a' panicked at main.rs:1:1:\nx\n".repeat(1000)).length, 100);
});
