import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { diagnose } from '../src/diagnose.ts';

const home = '/home/sandbox';
const traceback = 'Traceback (most recent call last):\n';

/** [what it shows, standard error, what is told] */
const table: [string, string, object | undefined][] = [
  [
    'a syntax error',
    `  File "${home}/main.py", line 3\n    def (:\n        ^\nSyntaxError: invalid syntax\n`,
    { file: 'main.py', line: 3, column: 1, message: 'SyntaxError: invalid syntax' },
  ],
  [
    'a syntax error in a module',
    `${traceback}  File "${home}/main.py", line 1, in <module>\n    import lib.x\n  File "${home}/lib/x.py", line 2\n    )\n    ^\nSyntaxError: unmatched ')'\n`,
    { file: 'lib/x.py', line: 2, column: 1, message: "SyntaxError: unmatched ')'" },
  ],
  [
    'an exception in the library, where the program called it',
    `${traceback}  File "${home}/main.py", line 2, in <module>\n    json.loads("{")\n  File "/usr/lib/python3.11/json/__init__.py", line 346, in loads\n    return f()\n  File "<frozen x>", line 1, in f\njson.decoder.JSONDecodeError: Expecting property name\n`,
    { file: 'main.py', line: 2, column: 1, message: 'json.decoder.JSONDecodeError: Expecting property name' },
  ],
  [
    'the last of several exceptions',
    `${traceback}  File "${home}/main.py", line 2, in f\nKeyError: 1\n\nDuring handling of the above exception, another exception occurred:\n\n${traceback}  File "${home}/main.py", line 9, in <module>\n    f()\nValueError\n`,
    { file: 'main.py', line: 9, column: 1, message: 'ValueError' },
  ],
  ['what is none', `warning: ${home}/main.py line 3\n`, undefined],
  ['one that is cut short', `${traceback}  File "${home}/main.py", line 2, in f\n    f()\n`, undefined],
  ['one outside the program', `${traceback}  File "/usr/lib/x.py", line 2, in f\nKeyError: 1\n`, undefined],
];

describe('what Python says', () => {
  for (const [name, stderr, expected] of table)
    test(name, async () => assert.deepEqual((await diagnose('run', stderr))[0], expected));
});
