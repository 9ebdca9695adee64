import { realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { parse } from '../schema.ts';
import { belowEach, isScript, programsAmong } from './installed.ts';
import { findNpm, type Npm } from './npm.ts';
import { isSystemLibrary, outermost } from './paths.ts';
import { ToolchainUnusable, atLeast, everyUsable, findCommand, firstUsable, newestFirst, probe } from './probe.ts';

/** A Node.js that can run programs in boxes. */
export interface NodeToolchain {
  /** Absolute, without symbolic links. */
  readonly executable: string;
  /** E.g. `20.20.2`. */
  readonly version: string;
  /** What boxes need of it. */
  readonly paths: readonly string[];
  /** Options that keep Node's own remarks about how it loads modules out of a program's standard error. */
  readonly options: readonly string[];
  /** `undefined` where there is none. */
  readonly npm: Npm | undefined;
}

/** Where a language finds Node.js. */
export interface NodeSettings {
  /** Name or absolute path; by default the one that runs this host, else `node` in `PATH`. */
  readonly command?: string | undefined;
  /** Names or absolute paths of other versions; by default those found in `PATH` and where nvm and n keep them. */
  readonly versions?: readonly string[] | undefined;
}

const oldest = '20.19.0';
const missing = `Node.js was not found; install Node.js ${oldest} or later`;

/** Some distributions keep parts of Node's own JavaScript as files; others name them relative to its sources. */
const inspection = `
  process.report.excludeNetwork = true;
  const { node_builtin_shareable_builtins: builtins = [] } = process.config.variables;
  const flags = process.allowedNodeEnvironmentFlags;
  process.stdout.write(JSON.stringify({
    version: process.versions.node,
    libraries: process.report.getReport().sharedObjects.filter((path) => path.startsWith('/')),
    builtins: builtins.filter((path) => path.startsWith('/')),
    flags: ['--disable-sigusr1'].filter((flag) => flags.has(flag)),
  }));`;

const Answer = z.object({
  version: z.string(),
  libraries: z.array(z.string()),
  builtins: z.array(z.string()),
  flags: z.array(z.string()),
});

const quiet = [
  // Whether a file is a module is found out by looking; programs need not hear of it, nor of experiments.
  '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON',
  '--disable-warning=ExperimentalWarning',
];

/** Behind a script that chooses a version, only Node.js knows its own path. */
async function inspectCommand(candidate: string): Promise<NodeToolchain> {
  if (!isScript(candidate)) return inspect(await realpath(candidate));
  const path = await probe(candidate, ['-p', 'JSON.stringify(process.execPath)']);
  if (typeof path !== 'string') throw new ToolchainUnusable(missing, 'a program named node is not Node.js');
  return inspect(await realpath(path));
}

async function inspect(executable: string): Promise<NodeToolchain> {
  // Asked again with the environment of a box: an answer that needs the host's variables would not hold there.
  const answer = parse(Answer, await probe(executable, ['-e', inspection], { env: {}, keep: true }), 'internal');
  if (!atLeast(answer.version, oldest))
    throw new ToolchainUnusable(`Node.js ${answer.version} is too old; install ${oldest} or later`);
  const libraries = answer.libraries.filter((library) => library !== executable && !isSystemLibrary(library));
  return {
    executable,
    version: answer.version,
    paths: outermost([executable, ...libraries, ...answer.builtins.map((file) => dirname(file))]),
    // A program may use the signal for itself; Node would open a debugger and say so. Newer versions can be told not to.
    options: [...quiet, ...answer.flags],
    npm: findNpm(executable),
  };
}

/**
 * Finds Node.js: the command where one is configured, else the one that runs this host, else `node` in `PATH`.
 * @throws ToolchainUnusable
 */
export async function findNode(command?: string): Promise<NodeToolchain> {
  const candidates = command === undefined ? [process.execPath, ...findCommand('node')] : findCommand(command);
  return firstUsable(candidates, inspectCommand, missing);
}

/** What {@link findNode} finds, and other versions beside it. @throws ToolchainUnusable when there is none */
export async function findNodes({ command, versions }: NodeSettings): Promise<[NodeToolchain, ...NodeToolchain[]]> {
  const usual = await findNode(command);
  const others = versions?.flatMap((other) => findCommand(other)) ?? [
    ...findCommand('node'),
    ...belowEach(join(homedir(), '.nvm/versions/node'), 'bin/node'),
    ...belowEach('/usr/local/n/versions/node', 'bin/node'),
  ];
  const programs = programsAmong(others).filter((path) => path !== usual.executable);
  return newestFirst(usual, await everyUsable(programs, inspect));
}

/** The Node.js in the images of this project's languages, which have version 24. */
export const nodeInImage: NodeToolchain = {
  executable: '/usr/local/bin/node',
  version: '',
  paths: [],
  options: [...quiet, '--disable-sigusr1'],
  npm: { script: '/usr/local/lib/node_modules/npm/bin/npm-cli.js', paths: [] },
};
