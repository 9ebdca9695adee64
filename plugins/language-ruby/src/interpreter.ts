import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parse, z } from '@soulbox/plugin-sdk';
import {
  ToolchainUnusable,
  atLeast,
  belowEach,
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

export interface Interpreter {
  /** Absolute, without symbolic links. */
  readonly executable: string;
  /** E.g. `3.1.2`. */
  readonly version: string;
  /** What boxes need of it. */
  readonly paths: readonly string[];
  /** Where it looks for gems. */
  readonly gems: readonly string[];
}

const oldest = '3.0';
const missing = `no Ruby was found; install Ruby ${oldest} or later (Debian, Ubuntu: apt install ruby)`;

/**
 * Prints, as JSON, what an interpreter is made of. Extensions that need a library of their own are opened, so that it
 * appears among the mapped files.
 */
const whereabouts = `
require "json"
%w[openssl psych fiddle zlib readline].each { |name| begin; require name; rescue LoadError; end }
maps = File.exist?("/proc/self/maps") ? File.read("/proc/self/maps") : ""
puts JSON.generate(
  executable: File.realpath(RbConfig.ruby), version: RUBY_VERSION,
  library: $LOAD_PATH + RbConfig::CONFIG.values_at("rubylibdir", "rubyarchdir"),
  gems: Gem.default_path - [Gem.user_dir],
  shared: maps.scan(%r{/\\S+\\.so[.\\d]*$}).uniq)
`;

const Answer = z.object({
  executable: z.string(),
  version: z.string(),
  library: z.array(z.string()),
  gems: z.array(z.string()),
  shared: z.array(z.string()),
});

async function inspect(candidate: string): Promise<Interpreter> {
  const ask = async (command: string, env?: Record<string, string>) =>
    parse(Answer, await probe(command, ['-e', whereabouts], env ? { env, keep: true } : {}), 'internal');
  // The command may be a script that chooses a version (rbenv, asdf), and needs the host's variables for that.
  const executable = isScript(candidate) ? (await ask(candidate)).executable : realpathSync(candidate);
  // Asked with the environment of a box: an answer that needs the host's variables would not hold there.
  const answer = await ask(executable, { LANG: 'C.UTF-8', HOME: '/home/sandbox' });
  if (!atLeast(answer.version, oldest))
    throw new ToolchainUnusable(`Ruby ${answer.version} is too old; install Ruby ${oldest} or later`, executable);
  const parts = [...answer.library, ...answer.gems, ...answer.shared].filter((path) => !isSystemLibrary(`${path}/`));
  return { executable, version: answer.version, paths: outermost([executable, ...parts]), gems: answer.gems };
}

/** Finds the interpreter and others beside it, and asks them what they are made of. @throws ToolchainUnusable */
export async function findInterpreters({ command, versions }: Config): Promise<[Interpreter, ...Interpreter[]]> {
  const usual = await firstUsable(findCommand(command), inspect, missing);
  const others = versions?.flatMap((other) => findCommand(other)) ?? [
    ...namedInPath(/^ruby\d\.\d+$/),
    ...belowEach(join(homedir(), '.rbenv/versions'), 'bin/ruby'),
  ];
  const programs = programsAmong(others).filter((path) => path !== usual.executable);
  return newestFirst(usual, await everyUsable(programs, inspect));
}
