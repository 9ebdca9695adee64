import { readFileSync } from 'node:fs';
import type { WarmProgram } from '@soulbox/plugin-sdk';
import { boxEnvironment } from '@soulbox/plugin-sdk/toolchain';

const file = Object.freeze({
  path: '.soulbox-waiting.java',
  content: readFileSync(new URL('../../java/Waiting.java', import.meta.url)),
});

/** Variables that the virtual machine, its compiler or the C library reads. */
const startVariables = ['JAVA_', '_JAVA', 'JDK_', 'CLASSPATH', 'LANG', 'LC_', 'TZ', 'HOME', 'LD_', 'MALLOC_', 'GLIBC_'];

/** A virtual machine that has its compiler loaded and waits for sources: it stands for `javac` with the same options. */
export function waitingCompiler(home: string, machine: readonly string[]): WarmProgram {
  const opened = ['--add-opens', 'java.base/java.io=ALL-UNNAMED']; // to open what is known by its number alone
  const argv = [`${home}/bin/java`, ...machine, ...opened, `./${file.path}`];
  return { kind: 'start', argv, env: boxEnvironment, file, startVariables };
}
