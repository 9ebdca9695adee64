import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { parse } from '../schema.ts';
import { isSystemLibrary, outermost } from './paths.ts';
import { ToolchainUnusable, atLeast, findCommand, firstUsable, probe } from './probe.ts';

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

async function inspect(candidate: string): Promise<NodeToolchain> {
  const path = await probe(candidate, ['-p', 'JSON.stringify(process.execPath)']);
  if (typeof path !== 'string') throw new ToolchainUnusable(missing, 'a program named node is not Node.js');
  const executable = await realpath(path);
  // Asked again with the environment of a box: an answer that needs the host's variables would not hold there.
  const answer = parse(Answer, await probe(executable, ['-e', inspection], { env: {} }), 'internal');
  if (!atLeast(answer.version, oldest))
    throw new ToolchainUnusable(`Node.js ${answer.version} is too old; install ${oldest} or later`);
  const libraries = answer.libraries.filter((library) => library !== executable && !isSystemLibrary(library));
  return {
    executable,
    version: answer.version,
    paths: outermost([executable, ...libraries, ...answer.builtins.map((file) => dirname(file))]),
    options: [
      // Whether a file is a module is found out by looking; programs need not hear of it, nor of experiments.
      '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON',
      '--disable-warning=ExperimentalWarning',
      // A program may use the signal for itself; Node would open a debugger and say so. Newer versions can be told not to.
      ...answer.flags,
    ],
  };
}

/**
 * Finds Node.js: the command where one is configured, else the one that runs this host, else `node` in `PATH`.
 * @throws ToolchainUnusable
 */
export async function findNode(command?: string): Promise<NodeToolchain> {
  const candidates = command === undefined ? [process.execPath, ...findCommand('node')] : findCommand(command);
  return firstUsable(candidates, inspect, missing);
}
