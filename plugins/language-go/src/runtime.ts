import { availableParallelism } from 'node:os';
import type { LanguageImage, LanguageRuntime } from '@soulbox/plugin-sdk';
import { runStage, toolchainRuntime } from '@soulbox/plugin-sdk/toolchain';
import type { Config } from './config.ts';
import { detection } from './detection.ts';
import { modulesPlan } from './dependencies.ts';
import { diagnose } from './diagnose.ts';
import { StandardLibrary } from './library.ts';
import { choosePackage, extensions } from './package.ts';
import { buildStage, moduleStage, program } from './stages.ts';
import { findToolchains, imageToolchain } from './toolchains.ts';

const canary = {
  code: 'package main\n\nimport "fmt"\n\nfunc main() {\n\tfmt.Println(6 * 7)\n}\n',
  stdout: '42\n',
};

/** A program may have so many threads at work; more would leave little of the usual limit of processes. */
const running = { GOMAXPROCS: String(Math.min(availableParallelism(), 8)) };

export interface GoRuntimeOptions {
  readonly config: Config;
  readonly image: LanguageImage;
  /** Told, for the log, why a toolchain cannot be used. */
  readonly onUnusable: (detail: string) => void;
  /** Aborting ends what is being prepared. */
  readonly signal: AbortSignal;
}

/** Compiles and runs Go programs. */
export function goRuntime({ config, image, onUnusable, signal }: GoRuntimeOptions): LanguageRuntime {
  const standardLibrary = new StandardLibrary({ signal });
  return toolchainRuntime({
    about: { name: 'go', aliases: ['golang'], extensions, detection, canary },
    find: () => findToolchains(config),
    image: { image, toolchain: imageToolchain },
    onUnusable,
    async plan(input, toolchain) {
      const chosen = choosePackage(input);
      const { layer } = input;
      if (toolchain !== imageToolchain) await standardLibrary.ready(toolchain);
      const prepare = layer !== undefined && chosen.module === undefined ? [moduleStage(layer)] : [];
      const stages = [...prepare, buildStage(chosen, toolchain, layer), runStage(program, input.args, running)];
      return { ok: true, files: chosen.files, stages };
    },
    dependencies: (input, toolchain) => modulesPlan(input, toolchain, config),
    diagnose: async (stage, stderr) => diagnose(stage, stderr),
  });
}
