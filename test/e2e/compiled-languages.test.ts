import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ExecutionResult } from '@soulbox/plugin-sdk';
import { createTestHost, type TestHost } from '@soulbox/plugin-sdk/testing';
import cpp from '@soulbox/plugin-language-cpp';
import go from '@soulbox/plugin-language-go';
import rust from '@soulbox/plugin-language-rust';
import { boxes, goCache, whenPrepared, whyNoBox } from '../support/boxes.ts';
import { needs } from '../support/needs.ts';

interface Programs {
  readonly hello: string;
  readonly sees: string;
  readonly files: Readonly<Record<string, string>>;
  /** Wrong in line 3. */
  readonly wrong: string;
  readonly fails: string;
  /** How a runtime error ends the program. */
  readonly failure: { readonly verdict: string; readonly exitCode: number | null; readonly signal: string | null };
  readonly exits: string;
  readonly loops: string;
  readonly grows: string;
  readonly floods: string;
}

const programs: Readonly<Record<'cpp' | 'go' | 'rust', Programs>> = {
  cpp: {
    hello: '#include <iostream>\nint main() { std::cout << "héllo 😀" << std::endl; }\n',
    sees: '#include <iostream>\n#include <string>\nint main(int n, char** a) { std::string s; std::getline(std::cin, s); std::cout << a[1] << s << n << std::getenv("MARK") << "\\n"; }\n',
    files: {
      'main.cpp': '#include <iostream>\n#include "lib/word.h"\nint main() { std::cout << word() << "\\n"; }\n',
      'lib/word.h': 'const char* word();\n',
      'lib/word.cpp': '#include "word.h"\nconst char* word() { return "hello"; }\n',
    },
    wrong: 'int main() {\n\n  return x;\n}\n',
    fails: '#include <vector>\nint main() { std::vector<int> v; return v.at(3); }\n',
    failure: { verdict: 'signal', exitCode: null, signal: 'SIGABRT' },
    exits: 'int main() { return 42; }\n',
    loops: 'int main() { volatile int n = 0; for (;;) n = n + 1; }\n',
    grows:
      '#include <cstring>\nint main() { for (;;) { char* p = new char[1 << 20]; std::memset(p, 1, 1 << 20); static char* volatile q = p; q = p; } }\n',
    floods: '#include <cstdio>\nint main() { for (;;) std::puts("flood"); }\n',
  },
  go: {
    hello: 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("héllo 😀") }\n',
    sees: 'package main\n\nimport (\n\t"bufio"\n\t"fmt"\n\t"os"\n)\n\nfunc main() {\n\ts, _ := bufio.NewReader(os.Stdin).ReadString(10)\n\tfmt.Printf("%s%s%d%s\\n", os.Args[1], s[:len(s)-1], len(os.Args), os.Getenv("MARK"))\n}\n',
    files: {
      'go.mod': 'module x\n\ngo 1.19\n',
      'main.go': 'package main\n\nimport (\n\t"fmt"\n\n\t"x/lib"\n)\n\nfunc main() { fmt.Println(lib.Word) }\n',
      'lib/word.go': 'package lib\n\nconst Word = "hello"\n',
    },
    wrong: 'package main\n\nfunc main() { x() }\n',
    fails: 'package main\n\nfunc main() { panic("deliberate") }\n',
    failure: { verdict: 'exit', exitCode: 2, signal: null },
    exits: 'package main\n\nimport "os"\n\nfunc main() { os.Exit(42) }\n',
    loops: 'package main\n\nfunc main() {\n\tfor {\n\t}\n}\n',
    grows:
      'package main\n\nfunc main() {\n\tvar all [][]byte\n\tfor {\n\t\tb := make([]byte, 1<<20)\n\t\tfor i := range b {\n\t\t\tb[i] = 1\n\t\t}\n\t\tall = append(all, b)\n\t}\n}\n',
    floods: 'package main\n\nimport "fmt"\n\nfunc main() {\n\tfor {\n\t\tfmt.Println("flood")\n\t}\n}\n',
  },
  rust: {
    hello: 'fn main() { println!("héllo 😀"); }\n',
    sees: 'fn main() { let mut s = String::new(); std::io::stdin().read_line(&mut s).unwrap(); let a: Vec<String> = std::env::args().collect(); println!("{}{}{}{}", a[1], &s[..s.len() - 1], a.len(), std::env::var("MARK").unwrap()); }\n',
    files: {
      'Cargo.toml': '[package]\nname = "x"\nversion = "0.1.0"\nedition = "2021"\n',
      'src/main.rs': 'mod lib2;\nfn main() { println!("{}", lib2::WORD); }\n',
      'src/lib2.rs': 'pub const WORD: &str = "hello";\n',
    },
    wrong: 'fn main() {\n\n    x();\n}\n',
    fails: 'fn main() { let v: Vec<i32> = Vec::new(); println!("{}", v[3]); }\n',
    failure: { verdict: 'exit', exitCode: 101, signal: null },
    exits: 'fn main() { std::process::exit(42); }\n',
    loops: 'fn main() { let mut n = 0u64; loop { n = std::hint::black_box(n + 1); } }\n',
    grows: 'fn main() { let mut all = Vec::new(); loop { all.push(std::hint::black_box(vec![1u8; 1 << 20])); } }\n',
    floods: 'fn main() { loop { println!("flood"); } }\n',
  },
};

const plugins = {
  ...boxes,
  'language-cpp': { plugin: cpp },
  'language-go': { plugin: go, config: { cache: goCache } },
  'language-rust': { plugin: rust },
};
const tools = { cpp: ['g++'], go: ['go'], rust: ['rustc', 'cargo', 'cc'] };
const noBox = await whyNoBox();

for (const language of ['cpp', 'go', 'rust'] as const)
  describe(`${language} in real boxes, within the usual limits`, { skip: noBox || needs(...tools[language]) }, () => {
    const program = programs[language];
    let host: TestHost;
    before(async () => {
      host = await createTestHost({ plugins });
      await whenPrepared(host, language);
    });
    after(() => host.stop());

    const run = async (params: Record<string, unknown>) =>
      (await host.call('executions.create', { language, ...params })) as ExecutionResult;
    const limited = async (code: string, limits: Record<string, number>) => (await run({ code, limits })).verdict;

    test('compiles, then runs', async () => {
      const { verdict, stdout, stderr, stages } = await run({ code: program.hello });
      assert.deepEqual({ verdict, stdout, stderr }, { verdict: 'ok', stdout: 'héllo 😀\n', stderr: '' });
      assert.deepEqual(
        stages.map(({ name }) => name),
        ['compile', 'run'],
      );
    });
    test('gets standard input, arguments and environment', async () => {
      const { stdout, stderr } = await run({ code: program.sees, args: ['a b'], env: { MARK: 'm' }, stdin: ' in \n' });
      assert.equal(stdout, 'a b in 2m\n', stderr);
    });
    test('a client’s variables do not reach the compiler', async () => {
      const env = {
        CPATH: '/x',
        GOFLAGS: '-x',
        RUSTC_BOOTSTRAP: '1',
        RUSTFLAGS: '-x',
        TMPDIR: '/x',
        GCC_EXEC_PREFIX: '/x/',
      };
      assert.equal((await run({ code: program.exits, env })).exitCode, 42);
    });
    test('a project of several files', async () => {
      const files = Object.entries(program.files).map(([path, content]) => ({ path, content }));
      const { verdict, stdout, stderr } = await run({ files });
      assert.deepEqual({ verdict, stdout, stderr }, { verdict: 'ok', stdout: 'hello\n', stderr: '' });
    });
    test('an error ends it before it runs, and has a place', async () => {
      const { verdict, stdout, stderr, stages } = await run({ code: program.wrong });
      assert.notEqual(verdict, 'ok');
      assert.equal(stdout, '');
      assert.equal(stages.length, 1);
      assert.match(stderr, /main\.\w+:3:\d+/);
    });
    test('a runtime error and an exit code are told', async () => {
      const { verdict, exitCode, signal } = await run({ code: program.fails });
      assert.deepEqual({ verdict, exitCode, signal }, program.failure);
      assert.equal((await run({ code: program.exits })).exitCode, 42);
    });
    test('limits hold', async () => {
      assert.equal(await limited(program.loops, { cpuMs: 3000 }), 'timeout');
      assert.equal(await limited(program.grows, {}), 'memory-limit');
      assert.equal(await limited(program.floods, { outputBytes: 10_000 }), 'output-limit');
    });
  });
