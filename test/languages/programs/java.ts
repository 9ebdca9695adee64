import type { ProgramSet } from './program-set.ts';

const main = (body: string): string =>
  `import java.util.*;\n\npublic class Main {\n  public static void main(String[] args) throws Exception {\n${body}  }\n}\n`;

export const java: ProgramSet = {
  language: 'java',
  tools: ['javac'],
  compileMs: 4_000,
  hello: main('    System.out.println("hello");\n'),
  echo: main('    System.in.transferTo(System.out);\n'),
  args: main('    for (String arg : args) System.out.println(arg);\n'),
  files: {
    'Main.java':
      'import lib.Words;\n\nclass Main {\n  public static void main(String[] args) {\n    System.out.println(Words.TWO + " files");\n  }\n}\n',
    'lib/Words.java': 'package lib;\n\npublic class Words {\n  public static final String TWO = "two";\n}\n',
  },
  wrong: { code: main('    int n = "text";\n'), verdict: 'compile-error', file: 'Main.java', line: 5 },
  fails: {
    code: main('    System.out.println("before");\n    List<String> list = new ArrayList<>();\n    list.get(3);\n'),
    ending: { verdict: 'exit', exitCode: 1, signal: null },
    place: { file: 'Main.java', line: 7 },
  },
  exits: main('    System.out.println("before");\n    System.exit(42);\n'),
  unicode: main(
    '    String źródło = "źródło 源 😀";\n    String rest = new String(System.in.readAllBytes(), "UTF-8");\n    System.out.println(źródło + " " + args[0] + " " + rest);\n',
  ),
  loops: main('    for (;;) Thread.onSpinWait();\n'),
  grows: main('    List<int[]> kept = new ArrayList<>();\n    for (;;) kept.add(new int[1 << 20]);\n'),
  floods: main('    for (;;) System.out.println("flood");\n'),
};
