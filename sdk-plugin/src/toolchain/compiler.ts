import { existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { isScript } from './installed.ts';
import { isSystemLibrary, outermost } from './paths.ts';
import { ToolchainUnusable, findCommand, probeText } from './probe.ts';
import { sharedLibraries } from './shared-libraries.ts';

/** A compiler driver for C or C++, as GCC and Clang are, with all that it needs. */
export interface CompilerParts {
  /** Absolute, without symbolic links. */
  readonly executable: string;
  readonly family: 'gcc' | 'clang';
  /** E.g. `12.2.0`. */
  readonly version: string;
  /** Of its programs, its libraries and, for one that compiles, its headers. */
  readonly paths: readonly string[];
  /** Whether it can link with gold too, which is quicker than the usual linker of GNU. */
  readonly hasGold: boolean;
}

export interface CompilerOptions {
  /** What it shall compile; absent means that it only links what others have compiled. */
  readonly language?: 'c' | 'c++';
  /** What to say where it cannot make a program. */
  readonly missing: string;
}

const linkerParts = ['collect2', 'ld', 'ld.gold'];
const compilerParts = { c: ['cc1', 'as'], 'c++': ['cc1plus', 'as'] };
/** Lie in the folders with all that programs are linked with, besides what every box has. */
const linked = ['crtbegin.o', 'crt1.o'];

const locale = { LC_ALL: 'C' };

/** The folders that the driver searches, as it lists them. */
function listed(searchDirs: string, kind: 'programs' | 'libraries'): string[] {
  const folders = new RegExp(`^${kind}: =(.*)$`, 'm').exec(searchDirs)?.[1] ?? '';
  return folders.split(delimiter).map((folder) => resolve(folder));
}

function firstThere(folders: readonly string[], name: string): string | undefined {
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** The driver's own programs; those that it looks up in `PATH` by both their name and what it stands for. */
function programs(folders: readonly string[], names: readonly string[]): string[] {
  const found = names.map((name) => firstThere(folders, name) ?? findCommand(name)[0]);
  return found.flatMap((file) => (file === undefined ? [] : [file, realpathSync(file)]));
}

function headers(verbose: string): string[] {
  const folders = /^#include <\.\.\.> search starts here:\n(?<folders>(?: .*\n)+)/m.exec(verbose)?.groups?.['folders'];
  return (folders ?? '').split('\n').flatMap((line) => (line === '' ? [] : [resolve(line.trim())]));
}

/** Asks a compiler driver what it is made of. @throws ToolchainUnusable where it cannot make a program */
export async function inspectCompiler(candidate: string, options: CompilerOptions): Promise<CompilerParts> {
  const { language, missing } = options;
  const asked = { env: locale, keep: !isScript(candidate) };
  const preprocess = ['-E', '-v', '-x', language ?? 'c', '/dev/null'];
  const [{ stdout: searchDirs }, { stderr: verbose }] = await Promise.all([
    probeText(candidate, ['-print-search-dirs'], asked),
    probeText(candidate, language ? preprocess : ['-v'], asked),
  ]);
  const { family, version } = /(?<family>gcc|clang) version (?<version>\d+(?:\.\d+)+)/.exec(verbose)?.groups ?? {};
  const libraries = linked.map((name) => firstThere(listed(searchDirs, 'libraries'), name));
  if (version === undefined || libraries.includes(undefined))
    throw new ToolchainUnusable(missing, `${candidate} is not GCC or Clang, or has nothing to link programs with`);
  const executable = realpathSync(candidate);
  const parts = programs(listed(searchDirs, 'programs'), [
    ...linkerParts,
    ...(language ? compilerParts[language] : []),
  ]);
  const folders = libraries.flatMap((file) => (file === undefined || isSystemLibrary(file) ? [] : [dirname(file)]));
  const shared = await sharedLibraries([...new Set([executable, ...parts])]);
  return {
    executable,
    family: family === 'clang' ? 'clang' : 'gcc',
    version,
    hasGold: parts.some((path) => path.endsWith('/ld.gold')),
    paths: outermost([executable, ...parts, ...folders, ...(language ? headers(verbose) : []), ...shared]),
  };
}
