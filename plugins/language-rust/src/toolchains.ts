import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  ToolchainUnusable,
  atLeast,
  belowEach,
  everyUsable,
  findCommand,
  firstUsable,
  inspectCompiler,
  namedInPath,
  newestFirst,
  outermost,
  probeText,
  programsAmong,
  sharedLibraries,
} from '@soulbox/plugin-sdk/toolchain';
import type { Config } from './config.ts';

export interface RustToolchain {
  /** The compiler; absolute. */
  readonly rustc: string;
  /** Absolute; `undefined` where this toolchain has none. */
  readonly cargo: string | undefined;
  /** The program that links, through which the compiler calls the real linker; absolute. */
  readonly linker: string;
  /** What the compiler makes programs for: `x86_64-unknown-linux-gnu`. */
  readonly target: string;
  /** E.g. `1.95.0`. */
  readonly version: string;
  readonly paths: readonly string[];
}

const oldest = '1.63';
const missing = `no Rust compiler was found; install Rust ${oldest} or later (Debian, Ubuntu: apt install rustc cargo, or rustup)`;
const noLinker =
  'Rust links by a C compiler, and none was found; install one (Debian, Ubuntu: apt install gcc libc6-dev)';

/** The toolchain in the language's image. */
export function imageToolchain(arch: string = process.arch): RustToolchain {
  const target = `${arch === 'arm64' ? 'aarch64' : 'x86_64'}-unknown-linux-gnu`;
  return { rustc: '/usr/bin/rustc', cargo: '/usr/bin/cargo', linker: '/usr/bin/cc', target, version: '', paths: [] };
}

function about(printed: string, field: string): string {
  const value = new RegExp(`^${field}: (.+)$`, 'm').exec(printed)?.[1];
  if (value === undefined) throw new ToolchainUnusable(missing, `rustc -vV names no ${field}`);
  return value;
}

/** Cargo beside the compiler, never the proxy that rustup puts in `PATH`, which cannot choose a toolchain in a box. */
function findCargo(sysroot: string): string | undefined {
  const places = [join(sysroot, 'bin/cargo'), ...findCommand('cargo')].filter((path) => existsSync(path));
  return places.map((path) => realpathSync(path)).find((path) => basename(path) !== 'rustup');
}

const findLinker = () => firstUsable(findCommand('cc'), (cc) => inspectCompiler(cc, { missing: noLinker }), noLinker);

async function inspect(candidate: string): Promise<RustToolchain> {
  // The command may be rustup's proxy, so only the compiler that it chooses knows where it lies.
  const sysroot = realpathSync((await probeText(candidate, ['--print', 'sysroot'])).stdout.trim());
  const rustc = join(sysroot, 'bin/rustc');
  const { stdout } = await probeText(rustc, ['-vV'], { env: {}, keep: true });
  const [version, target] = [about(stdout, 'release'), about(stdout, 'host')];
  if (!atLeast(version, oldest)) throw new ToolchainUnusable(`Rust ${version} is too old; install ${oldest} or later`);
  const cargo = findCargo(sysroot);
  const programs = [rustc, ...(cargo === undefined ? [] : [cargo])];
  const [linker, shared] = await Promise.all([findLinker(), sharedLibraries(programs)]);
  const library = join(sysroot, 'lib/rustlib', target);
  const paths = outermost([...programs, library, ...shared, ...linker.paths]);
  return { rustc, cargo, linker: linker.executable, target, version, paths };
}

/** Finds the toolchains and asks each what it is made of, the usual one first. @throws ToolchainUnusable */
export async function findToolchains({ command }: Config): Promise<[RustToolchain, ...RustToolchain[]]> {
  const usual = await firstUsable(findCommand(command ?? 'rustc'), inspect, missing);
  if (command !== undefined) return [usual];
  // Rustup keeps its toolchains beside each other: toolchains/NAME/bin/rustc.
  const siblings = belowEach(dirname(dirname(dirname(usual.rustc))), 'bin/rustc');
  const others = programsAmong([...siblings, ...namedInPath(/^rustc-\d+\.\d+$/)]).filter(
    (path) => path !== usual.rustc,
  );
  return newestFirst(usual, await everyUsable(others, inspect));
}
