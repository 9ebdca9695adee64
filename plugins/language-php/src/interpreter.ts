import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { parse, z } from '@soulbox/plugin-sdk';
import {
  ToolchainUnusable,
  atLeast,
  everyUsable,
  findCommand,
  firstUsable,
  isScript,
  namedInPath,
  newestFirst,
  outermost,
  probe,
  programsAmong,
} from '@soulbox/plugin-sdk/toolchain';
import type { Config } from './config.ts';

export interface Composer {
  readonly script: string;
  /** What it is made of. */
  readonly paths: readonly string[];
}

export interface Interpreter {
  /** Absolute, without symbolic links. */
  readonly executable: string;
  /** E.g. `8.2.36`. */
  readonly version: string;
  /** What boxes need of it. */
  readonly paths: readonly string[];
  /** The extensions to load, in their order. */
  readonly extensions: readonly string[];
  /** `undefined` where there is none. */
  readonly composer: Composer | undefined;
}

const oldest = '8.1';
const missing = `no PHP was found; install PHP ${oldest} or later for the command line (Debian, Ubuntu: apt install php-cli)`;

const whereabouts = `echo json_encode([
  'executable' => realpath(PHP_BINARY), 'version' => PHP_MAJOR_VERSION.'.'.PHP_MINOR_VERSION.'.'.PHP_RELEASE_VERSION,
  'folder' => ini_get('extension_dir'), 'extensions' => array_map('strtolower', get_loaded_extensions()),
]);`;

const Answer = z.object({
  executable: z.string(),
  version: z.string(),
  folder: z.string(),
  extensions: z.array(z.string()),
});

const quiet = ['-d', 'display_errors=0', '-d', 'display_startup_errors=0'];

const distributed = '/usr/share/php'; // where Debian keeps Composer in parts

function findComposer(): Composer | undefined {
  const [found] = findCommand('composer');
  if (found === undefined) return undefined;
  const script = realpathSync(found);
  const parts = existsSync(`${distributed}/Composer/autoload.php`) ? [distributed] : [];
  return { script, paths: [script, ...parts] };
}

async function inspect(candidate: string): Promise<Interpreter> {
  const ask = async (options: readonly string[], keep: boolean) =>
    parse(Answer, await probe(candidate, [...options, ...quiet, '-r', whereabouts], { keep }), 'internal');
  // Boxes get none of the host's settings, which may hold its secrets, only the extensions that these load.
  const [configured, bare] = await Promise.all([ask([], false), ask(['-n'], !isScript(candidate))]);
  const { executable, version, folder } = configured;
  if (!atLeast(version, oldest))
    throw new ToolchainUnusable(`PHP ${version} is too old; install PHP ${oldest} or later`, executable);
  const isLoadable = (name: string) => !bare.extensions.includes(name) && existsSync(join(folder, `${name}.so`));
  return {
    executable,
    version,
    paths: outermost([executable, folder]),
    extensions: configured.extensions.filter(isLoadable),
    composer: findComposer(),
  };
}

/** Finds the interpreter and others beside it, and asks them what they are made of. @throws ToolchainUnusable */
export async function findInterpreters({ command, versions }: Config): Promise<[Interpreter, ...Interpreter[]]> {
  const usual = await firstUsable(findCommand(command), inspect, missing);
  const others = versions?.flatMap((other) => findCommand(other)) ?? namedInPath(/^php\d\.\d+$/);
  const programs = programsAmong(others).filter((path) => path !== usual.executable);
  return newestFirst(usual, await everyUsable(programs, inspect));
}
