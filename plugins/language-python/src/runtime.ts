import type { LanguageRuntime } from '@soulbox/plugin-sdk';
import { asOperand, chooseEntry, toolchainRuntime } from '@soulbox/plugin-sdk/toolchain';
import type { Config } from './config.ts';
import { detection } from './detection.ts';
import { findInterpreter } from './interpreter.ts';

const environment = Object.freeze({
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: '/home/sandbox',
  LANG: 'C.UTF-8',
  // Each box is used once: compiled files would only fill its disk.
  PYTHONDONTWRITEBYTECODE: '1',
  // Output reaches a reader as it is printed, and what was printed before a limit struck is not lost.
  PYTHONUNBUFFERED: '1',
});

const extensions = ['.py'];
const entryRules = { codeName: 'main.py', usual: ['main.py', '__main__.py'], extensions };

/** Runs Python programs. `onUnusable` is told, for the log, why an interpreter cannot be used. */
export function pythonRuntime(config: Config, onUnusable: (detail: string) => void): LanguageRuntime {
  return toolchainRuntime({
    about: {
      name: 'python',
      aliases: ['python3', 'py'],
      extensions,
      detection,
      canary: { code: 'print(sum(range(10)))\n', stdout: '45\n' },
    },
    find: () => findInterpreter(config),
    onUnusable,
    plan(input, { executable }) {
      const { entry, files } = chooseEntry(input, entryRules);
      const argv = [executable, asOperand(entry), ...input.args];
      return { ok: true, files, stages: [{ name: 'run', argv, env: environment, stdin: true }] };
    },
  });
}
