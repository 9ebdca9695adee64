import { stat } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import semver from 'semver';

/** What somebody wants to add: out of npm's registry, or from this machine. */
export type PackageSpec =
  | { readonly kind: 'registry'; readonly name: string; readonly range: string }
  | { readonly kind: 'tarball' | 'folder'; readonly path: string };

// None begins with a dash: npm would take it as an option.
const packageName = /^(?:@[a-z0-9~][a-z0-9._~-]*\/)?[a-z0-9~][a-z0-9._~-]*$/;

/** Whether npm takes it as the name of a package, which is then also safe as a part of a path. */
export function isPackageName(text: string): boolean {
  return text.length <= 214 && packageName.test(text);
}

/** A range of versions, or a tag such as `latest`. */
export function isRange(text: string): boolean {
  return (text !== '' && semver.validRange(text) !== null) || /^[a-z][a-z0-9._-]*$/i.test(text);
}

function isPath(text: string): boolean {
  return isAbsolute(text) || /^\.{1,2}(?:\/|$)/.test(text) || /\.(?:tgz|tar\.gz)$/.test(text);
}

/**
 * Reads `name`, `name@range`, a tarball or a folder; paths begin at `cwd`. `undefined` for anything else: addresses of
 * the web and of repositories are not taken, since nobody vouches for what comes from there.
 */
export async function parseSpec(text: string, cwd: string): Promise<PackageSpec | undefined> {
  if (isPath(text)) {
    const path = resolve(cwd, text);
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory()) return { kind: 'folder', path };
    return found?.isFile() ? { kind: 'tarball', path } : undefined;
  }
  const at = text.indexOf('@', 1);
  const [name, range] = at < 0 ? [text, 'latest'] : [text.slice(0, at), text.slice(at + 1)];
  return isPackageName(name) && isRange(range) ? { kind: 'registry', name, range } : undefined;
}
