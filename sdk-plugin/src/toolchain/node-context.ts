import { readFileSync } from 'node:fs';
import type { ContextPlan } from '../contracts/context.ts';
import { boxEnvironment } from './environment.ts';
import type { NodeToolchain } from './node.ts';

const source = readFileSync(new URL('../../../context/node-cells.cjs', import.meta.url));
const preamble = Buffer.concat([Buffer.from(`${source.length}\n`), source]);

/** Takes the rest of what it needs from the control stream: an argument has a limit, and is shown to who lists processes. */
const starter = `
const { readSync } = require('node:fs');
function take(size) {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; ) {
    const got = readSync(3, bytes, at, size - at, null);
    if (got === 0) process.exit(1);
    at += got;
  }
  return bytes.toString();
}
let line = '';
for (let next = take(1); next !== '\\n'; next = take(1)) line += next;
const code = '(function (require, soulboxImport) {' + take(Number(line)) + '\\n})';
const cells = new (require('node:vm').Script)(code, { filename: 'soulbox:cells' }).runInThisContext();
cells(require('node:module').createRequire(process.cwd() + '/'), (name, options) => import(name, options));
`;

/** A Node.js that runs cells, for {@link LanguageRuntime.context}. */
export function nodeContext({ executable, options }: Pick<NodeToolchain, 'executable' | 'options'>): ContextPlan {
  return { argv: [executable, ...options, '-e', starter], env: boxEnvironment, preamble };
}
