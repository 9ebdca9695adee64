import type { LanguageRuntime } from '@soulbox/plugin-sdk';
import {
  asOperand,
  boxEnvironment,
  chooseEntry,
  languageImage,
  rememberWarm,
  toolchainRuntime,
} from '@soulbox/plugin-sdk/toolchain';
import type { Config } from './config.ts';
import { pythonContext } from './context.ts';
import { detection } from './detection.ts';
import { diagnose } from './diagnose.ts';
import { findInterpreters } from './interpreter.ts';
import type { Interpreter } from './library.ts';
import { pipDependencies } from './pip.ts';
import { waitingInterpreter } from './waiting.ts';

const packageFolder = new URL('../../', import.meta.url);

/** As the Dockerfile makes it. */
const inImage: Interpreter = {
  executable: '/usr/bin/python3.11',
  version: '',
  paths: [],
  pip: '/usr/local/share/pip.whl',
};

const environment = Object.freeze({
  ...boxEnvironment,
  // Each box is used once: compiled files would only fill its disk.
  PYTHONDONTWRITEBYTECODE: '1',
  // Output reaches a reader as it is printed, and what was printed before a limit struck is not lost.
  PYTHONUNBUFFERED: '1',
});

const extensions = ['.py'];
const entryRules = { codeName: 'main.py', usual: ['main.py', '__main__.py'], extensions };

/** Runs Python programs. `onUnusable` is told, for the log, why an interpreter cannot be used. */
export function pythonRuntime(config: Config, onUnusable: (detail: string) => void): LanguageRuntime {
  const waiting = rememberWarm();
  return toolchainRuntime({
    about: {
      name: 'python',
      aliases: ['python3', 'py'],
      extensions,
      detection,
      canary: { code: 'print(sum(range(10)))\n', stdout: '45\n' },
    },
    find: () => findInterpreters(config),
    image: { image: languageImage(packageFolder, config.image), toolchain: inImage },
    onUnusable,
    plan(input, { executable }) {
      const { entry, files } = chooseEntry(input, entryRules);
      const argv = [executable, asOperand(entry), ...input.args];
      const env = input.layer === undefined ? environment : { ...environment, PYTHONPATH: input.layer };
      const warm = waiting(`${executable}:${input.layer ?? ''}`, () =>
        waitingInterpreter(executable, env, config.preload),
      );
      return { ok: true, files, stages: [{ name: 'run', argv, env, stdin: true, warm }] };
    },
    diagnose,
    context: ({ executable }) => pythonContext(executable, environment),
    dependencies: (input, interpreter) => pipDependencies(input, interpreter, config),
  });
}
