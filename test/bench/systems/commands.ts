import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Toolchains } from '../../support/toolchains.ts';
import type { Program } from './system.ts';

const execute = promisify(execFile);

/** A command that runs within a folder of its own. */
export interface Step {
  readonly argv: readonly string[];
  readonly folder: string;
}

/** How users start a program by hand: one command, or compiler and program. */
interface Recipe {
  /** What it is written to, where it is not given as an argument. */
  readonly file?: string;
  readonly argvs: (code: string) => readonly (readonly string[])[];
}

/** Strips types while it reads, from 22.18 on. */
const nodeTakesTypes = 'typescript' in process.features && process.features.typescript !== false;

/** The least that starts each language, on this machine's toolchains. */
export function recipes({ commands }: Toolchains, tsc: string): Readonly<Record<string, Recipe>> {
  const [python] = commands['.py']!;
  const [node] = commands['.js']!;
  const types: Recipe = nodeTakesTypes
    ? { file: 'main.ts', argvs: () => [[node!, 'main.ts']] }
    : {
        file: 'main.ts',
        argvs: () => [
          [node!, tsc, '--ignoreConfig', '--target', 'es2023', '--module', 'nodenext', 'main.ts'],
          [node!, 'main.js'],
        ],
      };
  return {
    python: { argvs: (code) => [[python!, '-I', '-S', '-c', code]] },
    javascript: { argvs: (code) => [[node!, '-e', code]] },
    typescript: types,
    go: { file: 'main.go', argvs: () => [['go', 'build', '-o', 'program', 'main.go'], ['./program']] },
    java: {
      file: 'Main.java',
      argvs: () => [
        ['javac', 'Main.java'],
        ['java', 'Main'],
      ],
    },
    cpp: { file: 'main.cpp', argvs: () => [['g++', '-o', 'program', 'main.cpp'], ['./program']] },
    rust: { file: 'main.rs', argvs: () => [['rustc', '-o', 'program', 'main.rs'], ['./program']] },
    ruby: { argvs: (code) => [['ruby', '-e', code]] },
    php: { file: 'main.php', argvs: () => [['php', 'main.php']] },
  };
}

/** Writes a program down where that is needed, and resolves with the commands that run it. */
export async function stepsOf(recipe: Recipe, { code }: Program, makeFolder: () => string): Promise<Step[]> {
  const folder = recipe.file === undefined ? '/' : makeFolder();
  if (recipe.file !== undefined) {
    const file = join(folder, recipe.file);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, code);
  }
  return recipe.argvs(code).map((argv) => ({ argv, folder }));
}

/** Runs a command to its end and resolves with its output. @throws Error with what it said when it fails */
export async function output([command, ...args]: readonly string[], cwd = '/'): Promise<string> {
  const { stdout } = await execute(command!, args, { cwd, maxBuffer: 2 ** 24 });
  return stdout;
}
