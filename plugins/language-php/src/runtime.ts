import type { BoxFile, LanguageRuntime } from '@soulbox/plugin-sdk';
import { asOperand, boxEnvironment, chooseEntry, languageImage, toolchainRuntime } from '@soulbox/plugin-sdk/toolchain';
import { autoload, composerDependencies } from './composer.ts';
import type { Config } from './config.ts';
import { detection } from './detection.ts';
import { diagnose } from './diagnose.ts';
import { findInterpreters, type Interpreter } from './interpreter.ts';
import { interpreterOptions } from './options.ts';

const packageFolder = new URL('../../', import.meta.url);

/** As the Dockerfile makes it. */
const inImage: Interpreter = {
  executable: '/usr/bin/php8.2',
  version: '',
  paths: [],
  extensions:
    'pdo xml calendar ctype dom exif ffi fileinfo ftp gettext iconv intl mbstring phar posix readline shmop simplexml sockets sysvmsg sysvsem sysvshm tokenizer xmlreader xmlwriter xsl zip'.split(
      ' ',
    ),
  composer: { script: '/usr/bin/composer', paths: [] },
};

const extensions = ['.php'];
const entryRules = { codeName: 'main.php', usual: ['main.php', 'index.php'], extensions };

/** Runs PHP programs. `onUnusable` is told, for the log, why an interpreter cannot be used. */
export function phpRuntime(config: Config, onUnusable: (detail: string) => void): LanguageRuntime {
  return toolchainRuntime({
    about: {
      name: 'php',
      aliases: [],
      extensions,
      detection,
      canary: { code: '<?php\necho array_sum([1, 2, 3]), "\\n";\n', stdout: '6\n' },
    },
    find: () => findInterpreters(config),
    image: { image: languageImage(packageFolder, config.image), toolchain: inImage },
    onUnusable,
    plan(input, interpreter) {
      const { entry, files } = chooseEntry(input, entryRules);
      const added: BoxFile[] = input.layer === undefined ? [] : [autoload(input.layer)];
      const options = interpreterOptions(interpreter, added[0]?.path);
      const argv = [interpreter.executable, ...options, asOperand(entry), ...input.args];
      return {
        ok: true,
        files: [...files, ...added],
        stages: [{ name: 'run', argv, env: boxEnvironment, stdin: true }],
      };
    },
    diagnose,
    dependencies: (input, interpreter) => composerDependencies(input, interpreter, config),
  });
}
