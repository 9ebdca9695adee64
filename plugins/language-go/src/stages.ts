import { posix } from 'node:path';
import type { PlannedStage } from '@soulbox/plugin-sdk';
import { compileStage } from '@soulbox/plugin-sdk/toolchain';
import { buildVariables } from './library.ts';
import type { GoPackage } from './package.ts';
import type { GoToolchain } from './toolchains.ts';

/** Where the compiled program lies in the working directory. */
export const program = '.program';

/** Go starts as many threads as it sees processors; what they do must stay within an execution's limit of processes. */
const threads = '2';

function variables({ library }: GoToolchain, layer: string | undefined): Record<string, string> {
  const modules = {
    GOPROXY: 'off',
    GOSUMDB: 'off',
    ...(layer === undefined ? {} : { GOMODCACHE: `${layer}/modules` }),
  };
  return { ...buildVariables, ...modules, GOCACHE: library, GOMAXPROCS: threads };
}

/** Compiles the package; what it needs beyond the standard library comes from its module or from the layer. */
export function buildStage(chosen: GoPackage, toolchain: GoToolchain, layer: string | undefined): PlannedStage {
  const { module = '.', build } = chosen;
  // What go.mod and go.sum lack is added from the layer, which was checked when it was built.
  const found = layer === undefined ? [] : ['-mod=mod'];
  const output = posix.join(posix.relative(module, '.'), program);
  const argv = [toolchain.go, 'build', ...found, '-ldflags=-s', '-o', output, ...build];
  const folder = module === '.' ? [] : ['/bin/sh', '-c', 'cd "$0" && exec "$@"', `./${module}`];
  const stage = compileStage([...folder, ...argv], variables(toolchain, layer));
  // With a layer Go completes go.mod and go.sum too.
  return layer === undefined ? { ...stage, keep: program } : stage;
}

/** Makes a program without a go.mod a module that requires what is in the layer. */
export function moduleStage(layer: string): PlannedStage {
  return compileStage(['/bin/cp', `${layer}/go.mod`, `${layer}/go.sum`, '.']);
}
