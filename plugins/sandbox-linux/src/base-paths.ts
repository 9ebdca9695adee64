import { existsSync } from 'node:fs';
import { isAbsolute, normalize } from 'node:path';
import { SoulboxError } from '@soulbox/plugin-sdk';

const loaders: Partial<Record<NodeJS.Architecture, readonly string[]>> = {
  x64: ['/lib64', '/lib/x86_64-linux-gnu', '/usr/lib/x86_64-linux-gnu', '/lib/ld-musl-x86_64.so.1'],
  arm64: [
    '/lib/ld-linux-aarch64.so.1',
    '/lib/aarch64-linux-gnu',
    '/usr/lib/aarch64-linux-gnu',
    '/lib/ld-musl-aarch64.so.1',
  ],
};
const libraries = [
  '/usr/lib64',
  '/etc/ld.so.cache',
  // Debian's libraries of linear algebra are chosen by links that lead through it.
  '/etc/alternatives',
  '/usr/share/zoneinfo',
  '/usr/lib/locale/C.utf8',
  '/usr/lib/locale/C.UTF-8',
  '/lib/terminfo',
  '/usr/share/terminfo',
];
const commands =
  'sh bash env cat ls echo printf true false test [ pwd cp mv rm mkdir rmdir ln touch chmod stat readlink head tail wc sort uniq cut tr tee grep sed sleep date id uname expr seq basename dirname dd df du find kill mkfifo od xargs which timeout yes stty tty clear ps tar gzip'.split(
    ' ',
  );

/** What nearly every program needs, as far as this machine has it: loader, libraries, time zones, a shell and its tools. */
export function basePaths(exists: (path: string) => boolean = existsSync): string[] {
  const programs = commands.flatMap((name) => [`/bin/${name}`, `/usr/bin/${name}`]);
  return [...(loaders[process.arch] ?? []), ...libraries, ...programs].filter(exists);
}

/**
 * Sorts, and leaves out what lies below a folder that is listed itself.
 * @throws config_invalid for a path that is not absolute and plain, or that would show the host's devices or processes.
 */
export function mergePaths(paths: readonly string[]): string[] {
  const merged: string[] = [];
  for (const path of paths.map(checked).toSorted()) {
    const covering = merged.some((kept) => path === kept || path.startsWith(`${kept}/`));
    if (!covering) merged.push(path);
  }
  return merged;
}

function checked(path: string): string {
  const plain = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
  const isPlain = isAbsolute(plain) && normalize(plain) === plain && plain !== '/' && !plain.includes('\0');
  if (!isPlain || /^\/(proc|sys|dev)(\/|$)/.test(plain))
    throw new SoulboxError('config_invalid', 'a path for the sandbox is not absolute and plain, or not allowed', {
      cause: new Error(path),
    });
  return plain;
}
