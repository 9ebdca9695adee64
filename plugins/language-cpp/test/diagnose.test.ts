import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigSchema } from '../src/config.ts';
import { PrecompiledHeaders } from '../src/precompiled.ts';
import { cppRuntime } from '../src/runtime.ts';

const signal = new AbortController().signal;
const precompiled = new PrecompiledHeaders({ signal, onFailure: assert.fail });
const image = { reference: 'x', folder: '/x' };
const runtime = cppRuntime({ config: ConfigSchema.parse({}), image, onUnusable: () => undefined, precompiled });

const gcc = `./main.cpp: In function ‘int main()’:
./main.cpp:3:3: error: ‘x’ was not declared in this scope
    3 |   x = 1;
      |   ^
./main.cpp:4:5: warning: unused variable ‘y’ [-Wunused-variable]
In file included from ./main.cpp:1:
/home/sandbox/lib/a b.hpp:7:10: fatal error: nosuch.h: No such file or directory
compilation terminated.
/usr/include/c++/12/bits/stl_algo.h:100:2: error: of the library itself
`;
const clang = `./main.cpp:2:21: error: expected ';' after expression
int main() { int x=1 }
                    ^
1 error generated.
`;
const linker = `/usr/bin/ld: /tmp/ccX.o: in function \`main':
main.cpp:(.text+0x5): undefined reference to \`f()'
collect2: error: ld returned 1 exit status
`;

test('errors of GCC and Clang are found with file, line and column', async () => {
  const table: [string, unknown[]][] = [
    [
      gcc,
      [
        { file: 'main.cpp', line: 3, column: 3, message: '‘x’ was not declared in this scope' },
        { file: 'lib/a b.hpp', line: 7, column: 10, message: 'nosuch.h: No such file or directory' },
      ],
    ],
    [clang, [{ file: 'main.cpp', line: 2, column: 21, message: "expected ';' after expression" }]],
    ['./main.cpp:5: error: without a column', [{ file: 'main.cpp', line: 5, column: 1, message: 'without a column' }]],
    [linker, []],
    ['', []],
    ['a'.repeat(70_000), []],
  ];
  for (const [stderr, expected] of table) assert.deepEqual(await runtime.diagnose?.('compile', stderr), expected);
  assert.deepEqual(await runtime.diagnose?.('run', gcc), [], 'a program may print what it likes');
});

test('no more than 100 errors are told', async () => {
  const found = await runtime.diagnose?.('compile', './main.cpp:1:1: error: again\n'.repeat(1000));
  assert.equal(found?.length, 100);
});
