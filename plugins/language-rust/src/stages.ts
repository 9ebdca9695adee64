import { SoulboxError, type PlannedStage } from '@soulbox/plugin-sdk';
import { compileStage } from '@soulbox/plugin-sdk/toolchain';
import type { Config } from './config.ts';
import type { CargoTarget } from './manifest.ts';
import type { RustToolchain } from './toolchains.ts';

/** Where the compiled program lies in the working directory. */
export const program = '.program';
/** Where a program without a Cargo.toml that has dependencies gets the beginning of one. */
export const manifestStart = '.manifest';

/** Warnings would stand among what the program itself writes to standard error. */
const quiet = '-Awarnings';

/** Compiles a program without a package. */
export function rustcStage(entry: string, toolchain: RustToolchain, config: Config): PlannedStage {
  const { rustc, linker } = toolchain;
  // The crate has a name of its own, since that of a file may be none; with the folder it is not an option either.
  const named = ['--crate-name', 'main', '--edition', config.edition, '-o', program, `./${entry}`];
  const options = [...config.options, '-C', 'strip=debuginfo', '-C', `linker=${linker}`, quiet];
  return { ...compileStage([rustc, ...options, ...named]), keep: program };
}

/** A toolchain that has Cargo. @throws SoulboxError `language_unavailable` for one that has none */
export function withCargo(toolchain: RustToolchain): RustToolchain & { cargo: string } {
  const { cargo } = toolchain;
  if (cargo !== undefined) return { ...toolchain, cargo };
  const advice = 'install it (Debian, Ubuntu: apt install cargo)';
  throw new SoulboxError('language_unavailable', `rust: a package, or a dependency, needs cargo; ${advice}`);
}

/** The variables that Cargo is given, so that all it writes lies in the working directory, and it stays offline. */
function cargoVariables({ rustc, linker, target }: RustToolchain): Record<string, string> {
  return {
    CARGO_HOME: '.cargo-home',
    CARGO_TARGET_DIR: '.target',
    CARGO_NET_OFFLINE: 'true',
    CARGO_INCREMENTAL: '0',
    CARGO_PROFILE_DEV_DEBUG: 'false',
    CARGO_BUILD_RUSTFLAGS: quiet,
    [`CARGO_TARGET_${target.toUpperCase().replaceAll('-', '_')}_LINKER`]: linker,
    RUSTC: rustc,
  };
}

const setting = (key: string, value: string): string[] => ['--config', `${key}=${value}`];

function fromLayer(layer: string | undefined): string[] {
  if (layer === undefined) return [];
  return [
    ...setting('source.crates-io.replace-with', '"layer"'),
    ...setting('source.layer.directory', JSON.stringify(`${layer}/vendor`)),
  ];
}

/**
 * Compiles a package. Cargo itself knows which of its programs is meant: told to run it, it hands its path to the runner,
 * here a program that gives it the name by which the next stage knows it.
 */
export function cargoStage(
  target: CargoTarget,
  toolchain: RustToolchain & { cargo: string },
  layer?: string,
): PlannedStage {
  const { manifest, selection } = target;
  const runner = setting('target."cfg(all())".runner', '["/bin/ln", "-f"]');
  const argv = [toolchain.cargo, 'run', '--quiet', ...runner, ...fromLayer(layer), '--manifest-path', `./${manifest}`];
  return compileStage([...argv, ...selection, '--', program], cargoVariables(toolchain));
}

/** Completes the manifest of a program without one from its dependencies in the layer. */
export function manifestStage(layer: string): PlannedStage {
  const script = `cat ${manifestStart} "$1/dependencies.toml" >Cargo.toml && cp "$1/Cargo.lock" .`;
  return compileStage(['/bin/sh', '-c', script, 'sh', layer]);
}
