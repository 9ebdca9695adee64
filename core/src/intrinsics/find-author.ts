import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const module = /\.[cm]?js$/;

/** The modules of a package, without those of the packages that it brings. */
function modulesOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : modulesOf(path);
    return entry.isFile() && module.test(entry.name) ? [path] : [];
  });
}

/**
 * Whether a function stands as it is in one of a package's modules, beside the word that it was put under. The inspector would know for certain, but threads
 * that start meanwhile wait for it.
 */
export function isWrittenIn(folder: string, word: string, fn: unknown): boolean {
  if (typeof fn !== 'function') return false;
  const text = Function.prototype.toString.call(fn);
  if (text.endsWith('{ [native code] }')) return false;
  return modulesOf(folder).some((path) => {
    const code = readFileSync(path, 'utf8');
    return code.includes(text) && code.includes(word);
  });
}
