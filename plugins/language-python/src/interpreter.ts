import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parse, z } from '@soulbox/plugin-sdk';
import {
  ToolchainUnusable,
  atLeast,
  everyUsable,
  findCommand,
  firstUsable,
  isScript,
  isSystemLibrary,
  namedInPath,
  newestFirst,
  outermost,
  probe,
  programsAmong,
} from '@soulbox/plugin-sdk/toolchain';
import type { Config } from './config.ts';
import { withoutPackages, type Interpreter } from './library.ts';
import { oldest, pyenvInterpreters } from './pyenv.ts';
import { whereabouts } from './whereabouts.ts';

const missing = `no Python interpreter was found; install Python ${oldest} or later (Debian, Ubuntu: apt install python3)`;

const Answer = z.object({
  version: z.string(),
  /** The configuration file of a virtual environment, or `null`. */
  environment: z.string().nullable(),
  library: z.array(z.string()),
  packages: z.array(z.string()),
  sharedLibraries: z.array(z.string()),
  /** The file of pip's wheel, or `null`. */
  pip: z.string().nullable(),
});
type Answer = z.infer<typeof Answer>;

/** What Debian's packages of modules have elsewhere, and do not work without. */
const packagedData = ['/usr/share/matplotlib', '/etc/matplotlibrc', '/usr/share/jupyter'];

/** Asked with the environment of a box: an answer that needs the host's variables would not hold there. */
async function ask(executable: string): Promise<Answer> {
  const options = { env: { LANG: 'C.UTF-8' }, keep: true };
  return parse(Answer, await probe(executable, ['-I', '-c', whereabouts], options), 'internal');
}

function madeOf(executable: string, program: string, answer: Answer, packages: boolean): Interpreter {
  if (!atLeast(answer.version, oldest))
    throw new ToolchainUnusable(`Python ${answer.version} is too old; install Python ${oldest} or later`);
  const data = answer.packages.includes('/usr/lib/python3/dist-packages') ? packagedData.filter(existsSync) : [];
  const library = packages ? [...answer.library, ...answer.packages, ...data] : answer.library.flatMap(withoutPackages);
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
    pip: answer.pip ?? undefined,
  };
}

/** A script chooses an interpreter (pyenv, asdf), and only the interpreter knows its own path. */
async function behindScript(candidate: string): Promise<string> {
  const path = await probe(candidate, ['-I', '-c', 'import json, sys; print(json.dumps(sys.executable))']);
  if (typeof path !== 'string') throw new ToolchainUnusable(missing, 'the interpreter does not know its own path');
  return path;
}

async function inspectCommand(candidate: string, packages: boolean): Promise<Interpreter> {
  const path = isScript(candidate) ? await behindScript(candidate) : candidate;
  const program = await realpath(path);
  const asGiven = await ask(path);
  // Only under its own name does the interpreter of a virtual environment know that it is one. Under another name in
  // the same folder it is the same to itself.
  const executable = asGiven.environment === null ? program : path;
  const answer = dirname(executable) === dirname(path) ? asGiven : await ask(executable);
  const made = madeOf(executable, program, answer, packages);
  // Other programs ask for it by the name that it was found under.
  return { ...made, paths: outermost([...made.paths, path]) };
}

/** Finds the interpreter and others beside it, and asks them what they are made of. @throws ToolchainUnusable */
export async function findInterpreters({
  command,
  packages,
  versions,
}: Config): Promise<[Interpreter, ...Interpreter[]]> {
  const usual = await firstUsable(findCommand(command), (candidate) => inspectCommand(candidate, packages), missing);
  const others = versions?.flatMap((other) => findCommand(other)) ?? namedInPath(/^python3\.\d+$/);
  const programs = programsAmong(others).filter((path) => path !== usual.executable);
  const found = await everyUsable(programs, async (path) => madeOf(path, path, await ask(path), packages));
  return newestFirst(usual, versions ? found : [...found, ...pyenvInterpreters(packages)]);
}
