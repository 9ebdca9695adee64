import { posix } from 'node:path';
import type { PlanInput } from '@soulbox/plugin-sdk';

/** Which program of a Cargo package to build. */
export interface CargoTarget {
  /** Where the package's Cargo.toml lies. */
  readonly manifest: string;
  /** What to tell Cargo where the package may have several programs. */
  readonly selection: readonly string[];
}

type Files = PlanInput['files'];

/** The nearest Cargo.toml in the entry's folder or in one around it. */
function nearestManifest(entry: string, files: Files): Files[number] | undefined {
  for (let folder = posix.dirname(entry); ; folder = posix.dirname(folder)) {
    const found = files.find(({ path }) => path === posix.join(folder, 'Cargo.toml'));
    if (found || folder === '.') return found;
  }
}

function packageName(manifest: Uint8Array): string | undefined {
  return /^\[package\][^[]*?^\s*name\s*=\s*"([^"]+)"/ms.exec(Buffer.from(manifest).toString())?.[1];
}

/** The package that the entry belongs to, and the program in it; `undefined` for a program without a package. */
export function cargoTarget(entry: string, files: Files): CargoTarget | undefined {
  const manifest = nearestManifest(entry, files);
  if (!manifest) return undefined;
  const folder = posix.dirname(manifest.path);
  const inside = posix.relative(folder, entry);
  const other = /^(?<kind>src\/bin|examples)\/(?<name>[^/]+?)(?:\.rs|\/main\.rs)$/.exec(inside)?.groups;
  if (other)
    return {
      manifest: manifest.path,
      selection: [other['kind'] === 'examples' ? '--example' : '--bin', other['name'] ?? ''],
    };
  const name = packageName(manifest.content);
  const hasOthers = files.some(({ path }) => path.startsWith(posix.join(folder, 'src/bin/')));
  const isMain = inside === 'src/main.rs' && hasOthers && name !== undefined;
  return { manifest: manifest.path, selection: isMain ? ['--bin', name] : [] };
}
