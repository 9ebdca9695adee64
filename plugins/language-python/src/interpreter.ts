import { readdirSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parse, z } from '@soulbox/plugin-sdk';
import {
  ToolchainUnusable,
  atLeast,
  findCommand,
  firstUsable,
  isSystemLibrary,
  outermost,
  probe,
} from '@soulbox/plugin-sdk/toolchain';
import type { Config } from './config.ts';
import { whereabouts } from './whereabouts.ts';

export interface Interpreter {
  /** Absolute; what a box runs. */
  readonly executable: string;
  /** E.g. `3.11.7`. */
  readonly version: string;
  /** What boxes need of it. */
  readonly paths: readonly string[];
}

const oldest = '3.9';
const missing = `no Python interpreter was found; install Python ${oldest} or later (Debian, Ubuntu: apt install python3)`;

const Answer = z.object({
  version: z.string(),
  /** The configuration file of a virtual environment, or `null`. */
  environment: z.string().nullable(),
  library: z.array(z.string()),
  packages: z.array(z.string()),
  sharedLibraries: z.array(z.string()),
});

const packageFolders = new Set(['site-packages', 'dist-packages']);

/** The standard library by its parts, where the packages to be kept out lie within it. */
function withoutPackages(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => !packageFolders.has(name))
    .map((name) => join(folder, name));
}

async function inspect(candidate: string, packages: boolean): Promise<Interpreter> {
  // The command may be a script that chooses an interpreter (pyenv, asdf), so only the interpreter knows its own path.
  const path = await probe(candidate, ['-I', '-c', 'import json, sys; print(json.dumps(sys.executable))']);
  if (typeof path !== 'string') throw new ToolchainUnusable(missing, 'the interpreter does not know its own path');
  const program = await realpath(path);
  // Asked again with the environment of a box: an answer that needs the host's variables would not hold there.
  const ask = async (executable: string) =>
    parse(Answer, await probe(executable, ['-I', '-c', whereabouts], { env: { LANG: 'C.UTF-8' } }), 'internal');
  const asGiven = await ask(path);
  // Only under its own name does the interpreter of a virtual environment know that it is one. Under another name in
  // the same folder it is the same to itself.
  const executable = asGiven.environment === null ? program : path;
  const answer = dirname(executable) === dirname(path) ? asGiven : await ask(executable);
  if (!atLeast(answer.version, oldest))
    throw new ToolchainUnusable(`Python ${answer.version} is too old; install Python ${oldest} or later`);
  const library = packages ? [...answer.library, ...answer.packages] : answer.library.flatMap(withoutPackages);
  return {
    executable,
    version: answer.version,
    paths: outermost([
      executable,
      program,
      ...(answer.environment === null ? [] : [answer.environment]),
      ...library,
      ...answer.sharedLibraries.filter((file) => !isSystemLibrary(file)),
    ]),
  };
}

/** Finds the interpreter and asks it what it is made of. @throws ToolchainUnusable */
export function findInterpreter({ command, packages }: Config): Promise<Interpreter> {
  return firstUsable(findCommand(command), (candidate) => inspect(candidate, packages), missing);
}
