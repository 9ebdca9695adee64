import { posix } from 'node:path';

const compiled = /\.(ts|mts|cts)$/;
const declarations = /\.d\.(ts|mts|cts)$/;

/** The name of the JavaScript that a TypeScript file becomes, or `undefined` for files that are not compiled. */
export function emittedName(path: string): string | undefined {
  if (declarations.test(path) || !compiled.test(path)) return undefined;
  return path.replace(compiled, (ending) => ending.replace('t', 'j'));
}

/** Whether the compiler reads this file: TypeScript, and JavaScript, which may import it. */
export function isSource(path: string): boolean {
  return emittedName(path) !== undefined || /\.([cm]?js|tsx)$/.test(path);
}

/** Why two files of a program cannot both be there once it is compiled, by the name of the TypeScript file. */
export function clashes(paths: readonly string[]): Map<string, string> {
  const kept = new Set<string>();
  for (const path of paths) {
    const first = emittedName(path) === undefined ? path : posix.dirname(path);
    for (let name = first; name !== '.'; name = posix.dirname(name)) kept.add(name);
  }
  const found = new Map<string, string>();
  for (const path of paths) {
    const name = emittedName(path);
    if (name !== undefined && kept.has(name))
      found.set(path, `would be compiled to ${name}, which is among the files already`);
  }
  return found;
}

/**
 * Maps what an import names to where the compiled file is: `./x.ts`, `./x`, `./folder` all lead to `./x.js` and so on.
 * @param specifier as the program wrote it
 * @param from the importing file
 * @param paths the program's files as the client named them
 * @returns `undefined` where the import can stay as it is
 */
export function resolveImport(specifier: string, from: string, paths: ReadonlySet<string>): string | undefined {
  const [, written = '', rest = ''] = /^([^?#]*)(.*)$/s.exec(specifier) ?? [];
  if (!/^\.\.?(\/|$)/.test(written)) return undefined;
  let decoded: string;
  try {
    decoded = decodeURIComponent(written);
  } catch {
    return undefined; // Node refuses it with a message of its own
  }
  const target = posix.join(posix.dirname(from), decoded);
  if (paths.has(target)) {
    const name = emittedName(written);
    return name === undefined ? undefined : name + rest;
  }
  const file = target.replace(/\/$/, '');
  const base = written.replace(/\/$/, '');
  const isThere = (name: string) => paths.has(`${name}.ts`) || paths.has(`${name}.js`);
  if (!/(^|\/)\.{0,2}$/.test(written) && isThere(file)) return `${base}.js${rest}`;
  if (isThere(posix.join(file, 'index'))) return `${base}/index.js${rest}`;
  return undefined;
}
