import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** Folders that every box has anyway: the loader, the C library and what distributions install beside them. */
const systemLibraries = /^\/(usr\/)?(lib64|lib\/[^/]+-linux-[^/]+)\//;

/** Whether a shared library lies in a folder that every box has. */
export function isSystemLibrary(path: string): boolean {
  return systemLibraries.test(path);
}

/** The paths that exist, sorted, without those that lie below another. */
export function outermost(paths: readonly string[]): string[] {
  const kept: string[] = [];
  for (const path of [...new Set(paths.map((p) => resolve(p)))].toSorted()) {
    const inside = kept.some((parent) => path.startsWith(`${parent}/`));
    if (!inside && existsSync(path)) kept.push(path);
  }
  return kept;
}
