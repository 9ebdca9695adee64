import type { LanguageImage, LanguageRuntime } from '@soulbox/plugin-sdk';
import { compileStage, placesInLines, runStage, toolchainRuntime } from '@soulbox/plugin-sdk/toolchain';
import { findCompilers, imageCompiler } from './compilers.ts';
import type { Config } from './config.ts';
import { detection } from './detection.ts';
import { fittingSet } from './headers.ts';
import { headersOf, type PrecompiledHeaders } from './precompiled.ts';
import { chooseSources, extensions } from './sources.ts';

/** Where the compiled program lies in the working directory. */
const program = '.program';

const canary = {
  code: '#include <cstdio>\n\nint main() { std::printf("%d\\n", 6 * 7); }\n',
  stdout: '42\n',
};

/**
 * Compiles with the headers `$0` precompiled. What is not done without a word is done again without them: so what the
 * compiler says is the same, and the way that it names how headers came to be included.
 */
const quickly = (linking: readonly string[]) =>
  `{ "$@" -include "$0" ${linking.join(' ')} 2>&1 && echo done; } | { read -r said && [ "$said" = done ]; } || exec "$@"`;

/** `main.cpp:3:9: error: …` */
const place = /^(?<file>[^\s:][^:]*):(?<line>\d+):(?:(?<column>\d+):)? (?:fatal )?error: (?<message>.*)$/;

export interface CppRuntimeOptions {
  readonly config: Config;
  readonly image: LanguageImage;
  /** Told, for the log, why a compiler cannot be used. */
  readonly onUnusable: (detail: string) => void;
  readonly precompiled: PrecompiledHeaders;
}

/** Compiles and runs C++ programs. */
export function cppRuntime({ config, image, onUnusable, precompiled }: CppRuntimeOptions): LanguageRuntime {
  return toolchainRuntime({
    about: { name: 'cpp', aliases: ['c++', 'cxx', 'cc'], extensions, detection, canary },
    find: () => findCompilers(config),
    image: { image, toolchain: imageCompiler },
    onUnusable,
    plan(input, compiler) {
      const { executable, options, quick } = compiler;
      const sources = chooseSources(input);
      const { files, units, headers } = sources;
      const chosen = [executable, `-std=${config.standard}`, ...config.options, ...options, '-pthread', '-pipe'];
      // With the folder a name is never an option, nor a file of options as @name would be.
      const searched = headers.flatMap((folder) => ['-I', `./${folder}`]);
      const argv = [...chosen, ...searched, '-o', program, ...units.map((unit) => `./${unit}`)];
      const set = quick && fittingSet(sources, config.precompiled);
      const ahead = set && headersOf(quick.headers, set);
      const isReady = ahead && (compiler === imageCompiler || precompiled.ready(ahead, set, chosen));
      const compiling = isReady ? ['/bin/sh', '-c', quickly(quick.linking), ahead, ...argv] : argv;
      // What tells of the time must be compiled each time.
      const isTimeless = !files.some(({ content }) =>
        /__(?:DATE|TIME|TIMESTAMP)__/.test(Buffer.from(content).toString('latin1')),
      );
      const compile = { ...compileStage(compiling), ...(isTimeless ? { keep: program } : {}) };
      return { ok: true, files, stages: [compile, runStage(program, input.args)] };
    },
    diagnose: async (stage, stderr) => (stage === 'compile' ? placesInLines(stderr, place) : []),
  });
}
