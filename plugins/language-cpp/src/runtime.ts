import type { LanguageImage, LanguageRuntime } from '@soulbox/plugin-sdk';
import { compileStage, placesInLines, runStage, toolchainRuntime } from '@soulbox/plugin-sdk/toolchain';
import { findCompilers, imageCompiler } from './compilers.ts';
import type { Config } from './config.ts';
import { detection } from './detection.ts';
import { chooseSources, extensions } from './sources.ts';

/** Where the compiled program lies in the working directory. */
const program = '.program';

const canary = {
  code: '#include <cstdio>\n\nint main() { std::printf("%d\\n", 6 * 7); }\n',
  stdout: '42\n',
};

/** `main.cpp:3:9: error: …` */
const place = /^(?<file>[^\s:][^:]*):(?<line>\d+):(?:(?<column>\d+):)? (?:fatal )?error: (?<message>.*)$/;

export interface CppRuntimeOptions {
  readonly config: Config;
  readonly image: LanguageImage;
  /** Told, for the log, why a compiler cannot be used. */
  readonly onUnusable: (detail: string) => void;
}

/** Compiles and runs C++ programs. */
export function cppRuntime({ config, image, onUnusable }: CppRuntimeOptions): LanguageRuntime {
  return toolchainRuntime({
    about: { name: 'cpp', aliases: ['c++', 'cxx', 'cc'], extensions, detection, canary },
    find: () => findCompilers(config),
    image: { image, toolchain: imageCompiler },
    onUnusable,
    plan(input, { executable, options }) {
      const { files, units, headers } = chooseSources(input);
      const chosen = [`-std=${config.standard}`, ...config.options, ...options];
      // With the folder a name is never an option, nor a file of options as @name would be.
      const searched = headers.flatMap((folder) => ['-I', `./${folder}`]);
      const sources = units.map((unit) => `./${unit}`);
      const argv = [executable, ...chosen, '-pthread', '-pipe', ...searched, '-o', program, ...sources];
      return { ok: true, files, stages: [compileStage(argv), runStage(program, input.args)] };
    },
    diagnose: async (stage, stderr) => (stage === 'compile' ? placesInLines(stderr, place) : []),
  });
}
