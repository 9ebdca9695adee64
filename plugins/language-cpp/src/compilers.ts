import {
  ToolchainUnusable,
  atLeast,
  everyUsable,
  findCommand,
  firstUsable,
  inspectCompiler,
  namedInPath,
  newestFirst,
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
}

const oldest = '10';
const missing = `no C++ compiler was found; install g++ ${oldest} or later (Debian, Ubuntu: apt install g++)`;

/** Makes GCC collect its garbage earlier: <bits/stdc++.h> and a regex then need 237 MB instead of 333. */
const frugal = ['--param', 'ggc-min-heapsize=65536', '--param', 'ggc-min-expand=30'];

/** The compiler in the language's image. */
export const imageCompiler: Compiler = { executable: '/usr/bin/g++', options: frugal, version: '', paths: [] };

async function inspect(candidate: string): Promise<Compiler> {
  const { executable, family, version, paths } = await inspectCompiler(candidate, { language: 'c++', missing });
  if (!atLeast(version, oldest))
    throw new ToolchainUnusable(`the C++ compiler ${version} is too old; install g++ ${oldest} or later`);
  return family === 'gcc'
    ? { executable, options: frugal, version, paths }
    : { executable, options: ['--driver-mode=g++'], version: `${version}-clang`, paths };
}

/** Finds the compilers and asks each what it is made of, the usual one first. @throws ToolchainUnusable */
export async function findCompilers({ command }: Config): Promise<[Compiler, ...Compiler[]]> {
  if (command !== undefined) return [await firstUsable(findCommand(command), inspect, missing)];
  const usual = await firstUsable([...findCommand('g++'), ...findCommand('clang++')], inspect, missing);
  const others = programsAmong(namedInPath(/^(g|clang)\+\+(-\d+)?$/)).filter((path) => path !== usual.executable);
  return newestFirst(usual, await everyUsable(others, inspect));
}
