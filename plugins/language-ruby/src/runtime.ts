import type { BoxFile, LanguageRuntime } from '@soulbox/plugin-sdk';
import { asOperand, boxEnvironment, chooseEntry, languageImage, toolchainRuntime } from '@soulbox/plugin-sdk/toolchain';
import type { Config } from './config.ts';
import { detection } from './detection.ts';
import { diagnose } from './diagnose.ts';
import { gemDependencies } from './gems.ts';
import { findInterpreters, type Interpreter } from './interpreter.ts';

const packageFolder = new URL('../../', import.meta.url);

/** As the Dockerfile makes it. */
const inImage: Interpreter = {
  executable: '/usr/bin/ruby3.1',
  version: '',
  paths: [],
  gems: [
    '/var/lib/gems/3.1.0',
    '/usr/lib/ruby/gems/3.1.0',
    '/usr/share/rubygems-integration/3.1.0',
    '/usr/share/rubygems-integration/all',
  ],
};

const extensions = ['.rb'];
const entryRules = { codeName: 'main.rb', usual: ['main.rb'], extensions };

/** Output reaches a reader as it is printed, and what was printed before a limit struck is not lost. */
const unbuffered: BoxFile = { path: '.soulbox/unbuffered.rb', content: Buffer.from('$stdout.sync = true\n') };

/** Runs Ruby programs. `onUnusable` is told, for the log, why an interpreter cannot be used. */
export function rubyRuntime(config: Config, onUnusable: (detail: string) => void): LanguageRuntime {
  return toolchainRuntime({
    about: {
      name: 'ruby',
      aliases: ['rb'],
      extensions,
      detection,
      canary: { code: 'puts [1, 2, 3].sum { |n| n * n }\n', stdout: '14\n' },
    },
    find: () => findInterpreters(config),
    image: { image: languageImage(packageFolder, config.image), toolchain: inImage },
    onUnusable,
    plan(input, { executable, gems }) {
      const { entry, files } = chooseEntry(input, entryRules);
      const isTaken = files.some(({ path }) => path === unbuffered.path);
      // With its own encodings a program reads and writes UTF-8 whatever its environment says.
      const options = ['-EUTF-8', ...(isTaken ? [] : [`-r./${unbuffered.path}`])];
      const argv = [executable, ...options, asOperand(entry), ...input.args];
      const layer = input.layer === undefined ? {} : { GEM_PATH: [input.layer, ...gems].join(':') };
      const env = { ...boxEnvironment, ...layer };
      return {
        ok: true,
        files: isTaken ? files : [...files, unbuffered],
        stages: [{ name: 'run', argv, env, stdin: true }],
      };
    },
    diagnose,
    dependencies: (input, interpreter) => gemDependencies(input, interpreter, config),
  });
}
