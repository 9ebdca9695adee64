import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { read, root } from './tree.ts';

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly soulbox?: { readonly id: string };
}

export interface Package {
  /** Relative to the top, e.g. `plugins/language-python`. */
  readonly dir: string;
  readonly manifest: Manifest;
}

export const sdk = '@soulbox/plugin-sdk';

/** Every workspace of the repository. */
export function packages(): Package[] {
  const dirs = ['config', 'core', 'sdk-plugin', ...pluginDirs(), 'examples', 'test'];
  return dirs.map((dir) => ({ dir, manifest: JSON.parse(read(`${dir}/package.json`)) as Manifest }));
}

function pluginDirs(): string[] {
  return readdirSync(join(root, 'plugins')).map((name) => `plugins/${name}`);
}

/** The package that a file belongs to; `undefined` for what stands at the top. */
export function ownerOf(file: string, all: readonly Package[]): Package | undefined {
  return all.find(({ dir }) => file.startsWith(`${dir}/`));
}
