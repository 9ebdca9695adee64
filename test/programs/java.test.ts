import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import java from '@soulbox/plugin-language-java';
import { needs } from '../support/needs.ts';
import { textOf } from './documents.ts';
import { realPrograms, type RealProgram } from './real-programs.ts';

/** Pages of Java's documentation whose examples check themselves. */
const pages = ['MethodHandle', 'MethodHandles', 'MethodHandles.Lookup'];

const folder = '/usr/share/doc/openjdk-17-jre-headless/api/java.base/java/lang/invoke';
const block = /<pre>(.*?)<\/pre>/gs;
const imports = /^\s*import .*;$/gm; // of static members, which some leave out

/** With what the documentation says that its examples assume, and assertions on, as it means them. */
const main = (code: string) => `import java.lang.invoke.*;
import java.util.*;
import static java.lang.invoke.MethodHandles.*;
import static java.lang.invoke.MethodType.*;

class Main {
  public static void main(String[] args) throws Throwable {
    Main.class.getClassLoader().setDefaultAssertionStatus(true);
    Example.run();
    System.out.println("all as it should be");
  }
}

class Example {
  static void assertEquals(Object one, Object other) {
    assert Objects.equals(one, other) : one + " is not " + other;
  }

  static void run() throws Throwable {
${code.replace(imports, '').replace(/^\s*\.\.\.$/gm, '')}
  }
}
`;

/** Those that are whole, but for the helper that they name, and do not declare methods or classes of their own. */
function programs(page: string): RealProgram[] {
  const examples = [...readFileSync(join(folder, `${page}.html`), 'utf8').matchAll(block)].map(([, html = '']) =>
    textOf(html),
  );
  return examples.flatMap((code, index) => {
    const isWhole = /^assertEquals\(/m.test(code) && !/ \.\.\. |^\s*(static|class|\w+ \w+\(.*\) \{)/m.test(code);
    if (!isWhole || code.includes('System.out')) return [];
    return [
      { name: `${page}, block ${index + 1}`, files: { 'Main.java': main(code) }, expected: 'all as it should be' },
    ];
  });
}

const documents = existsSync(folder) ? false : 'needs openjdk-17-doc: see test/support/components.sh';

realPrograms({
  language: 'java',
  plugins: { 'language-java': { plugin: java } },
  skip: needs('javac') || documents,
  programs: () => pages.flatMap(programs),
});
