import { readFileSync } from 'node:fs';
import type { WarmProgram } from '../contracts/sandbox.ts';

/** Of a kind for which Node.js looks at no package.json, which the program may yet bring. */
const file = Object.freeze({
  path: '.soulbox-waiting.cjs',
  content: readFileSync(new URL('../../../warm/waiting-node.cjs', import.meta.url)),
});

/** Variables that Node.js, or the C library, reads when it starts. */
const startVariables = ['NODE_', 'LANG', 'LC_', 'TZ', 'LD_', 'MALLOC_', 'GLIBC_', 'OPENSSL_', 'SSL_', 'UV_', 'ICU_'];

/** A Node.js that has started and waits for a main file: it stands for stages `[executable, ...options, main, …]`. */
export function waitingNode(executable: string, options: readonly string[], env: WarmProgram['env']): WarmProgram {
  return { kind: 'start', argv: [executable, ...options, `./${file.path}`], env, file, startVariables };
}
