import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The top of the repository, with a slash at the end. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));

const built = new Set(['node_modules', 'dist', '.git', '.coverage', 'coverage', '.bench-report']);

/** Every file of the repository that a person wrote, as paths relative to the top with slashes. */
export function allFiles(): string[] {
  const files: string[] = [];
  const visit = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() && !built.has(entry.name)) visit(path);
      else if (entry.isFile() && !entry.name.endsWith('.tgz')) files.push(path);
    }
  };
  visit('');
  return files.toSorted();
}

/** Paths of the source files, in TypeScript, JavaScript and C, of code, tests, scripts and examples. */
export function sourceFiles(): string[] {
  return allFiles().filter((path) => /\.(ts|mjs|js|c|h)$/.test(path));
}

/** @param path relative to the top */
export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}
