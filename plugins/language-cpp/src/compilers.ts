import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import {
  ToolchainUnusable,
  atLeast,
  cacheFolder,
  everyUsable,
  findCommand,
  firstUsable,
  inspectCompiler,
  makeSharedFolder,
  namedInPath,
  newestFirst,
  outermost,
  programsAmong,
} from '@soulbox/plugin-sdk/toolchain';
import type { Config } from './config.ts';

export interface Compiler {
  /** Absolute; what a box runs. */
  readonly executable: string;
  /** What makes the executable a compiler of C++ that stays within an execution's usual limits. */
  readonly options: readonly string[];
  /** E.g. `12.2.0`, or `14.0.6-clang`. */
  readonly version: string;
  readonly paths: readonly string[];
  /** Of a compiler that can use precompiled headers. */
  readonly quick?: QuickParts;
}

/** What makes a compiler quicker. */
export interface QuickParts {
  /** The folder of its precompiled headers, which boxes see read-only; absolute. */
  readonly headers: string;
  /** Options for a quicker linker. */
  readonly linking: readonly string[];
}

const oldest = '10';
const missing = `no C++ compiler was found; install g++ ${oldest} or later (Debian, Ubuntu: apt install g++)`;

/** Makes GCC collect its garbage earlier: <bits/stdc++.h> and a regex then need 237 MB instead of 333. */
const frugal = ['--param', 'ggc-min-heapsize=65536', '--param', 'ggc-min-expand=30'];

const gold = ['-fuse-ld=gold'];

/** The compiler in the language's image. */
export const imageCompiler: Compiler = {
  executable: '/usr/bin/g++',
  options: frugal,
  version: '',
  paths: [],
  quick: { headers: '/usr/local/share/soulbox-cpp', linking: gold },
};

/** Of each compiler, as it is now, and each way to call it. */
async function quickParts(
  compiler: string,
  version: string,
  hasGold: boolean,
  config: Config,
): Promise<QuickParts | undefined> {
  const { ctimeMs } = statSync(compiler);
  const decisive = JSON.stringify([compiler, ctimeMs, config.standard, config.options]);
  const mark = createHash('sha256').update(decisive).digest('hex').slice(0, 8);
  const headers = join(cacheFolder('cpp', config.cache), `${version}-${mark}`);
  const made = await makeSharedFolder(headers).then(
    () => true,
    () => false,
  );
  return made ? { headers, linking: hasGold ? gold : [] } : undefined;
}

async function inspect(candidate: string, config: Config): Promise<Compiler> {
  const { executable, family, version, paths, hasGold } = await inspectCompiler(candidate, {
    language: 'c++',
    missing,
  });
  if (!atLeast(version, oldest))
    throw new ToolchainUnusable(`the C++ compiler ${version} is too old; install g++ ${oldest} or later`);
  if (family === 'clang') return { executable, options: ['--driver-mode=g++'], version: `${version}-clang`, paths };
  const quick = config.precompiled.length === 0 ? undefined : await quickParts(executable, version, hasGold, config);
  if (!quick) return { executable, options: frugal, version, paths };
  return { executable, options: frugal, version, paths: outermost([...paths, quick.headers]), quick };
}

/** Finds the compilers and asks each what it is made of, the usual one first. @throws ToolchainUnusable */
export async function findCompilers(config: Config): Promise<[Compiler, ...Compiler[]]> {
  const { command } = config;
  const ask = (candidate: string) => inspect(candidate, config);
  if (command !== undefined) return [await firstUsable(findCommand(command), ask, missing)];
  const usual = await firstUsable([...findCommand('g++'), ...findCommand('clang++')], ask, missing);
  const others = programsAmong(namedInPath(/^(g|clang)\+\+(-\d+)?$/)).filter((path) => path !== usual.executable);
  return newestFirst(usual, await everyUsable(others, ask));
}
