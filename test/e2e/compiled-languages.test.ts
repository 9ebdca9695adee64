import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ExecutionResult } from '@soulbox/plugin-sdk';
import { createTestHost, type TestHost } from '@soulbox/plugin-sdk/testing';
import cpp from '@soulbox/plugin-language-cpp';
import go from '@soulbox/plugin-language-go';
import rust from '@soulbox/plugin-language-rust';
import { boxes, goCache, whyNoBox } from '../support/boxes.ts';
import { needs } from '../support/needs.ts';

/** The same programs in each language. */
const programs = {
  cpp: {
    sees: '#include <iostream>\n#include <string>\nint main(int n, char** a) { std::string s; std::getline(std::cin, s); std::cout << a[1] << s << n << std::getenv("MARK") << "\\n"; }\n',
    exits: 'int main() { return 42; }\n',
  },
  go: {
    sees: 'package main\n\nimport (\n\t"bufio"\n\t"fmt"\n\t"os"\n)\n\nfunc main() {\n\ts, _ := bufio.NewReader(os.Stdin).ReadString(10)\n\tfmt.Printf("%s%s%d%s\\n", os.Args[1], s[:len(s)-1], len(os.Args), os.Getenv("MARK"))\n}\n',
    exits: 'package main\n\nimport "os"\n\nfunc main() { os.Exit(42) }\n',
  },
  rust: {
    sees: 'fn main() { let mut s = String::new(); std::io::stdin().read_line(&mut s).unwrap(); let a: Vec<String> = std::env::args().collect(); println!("{}{}{}{}", a[1], &s[..s.len() - 1], a.len(), std::env::var("MARK").unwrap()); }\n',
    exits: 'fn main() { std::process::exit(42); }\n',
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
    });
    after(() => host.stop());

    const run = async (params: Record<string, unknown>) =>
      (await host.call('executions.create', { language, ...params })) as ExecutionResult;

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
  });
