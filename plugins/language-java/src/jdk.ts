import { existsSync, readFileSync, readdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  ToolchainUnusable,
  atLeast,
  everyUsable,
  findCommand,
  firstUsable,
  newestFirst,
  outermost,
} from '@soulbox/plugin-sdk/toolchain';
import type { Config } from './config.ts';

export interface Jdk {
  /** The absolute path of the folder with `bin/javac`. */
  readonly home: string;
  /** E.g. `17.0.15`. */
  readonly version: string;
  /** What boxes need of it. */
  readonly paths: readonly string[];
}

const oldest = '17';
const missing = `no Java compiler was found; install a JDK ${oldest} or later (Debian, Ubuntu: apt install openjdk-17-jdk-headless)`;
const installed = '/usr/lib/jvm';

/** Parts of a JDK that compile and run programs. */
const parts = ['bin', 'conf', 'lib'];
/** Within them, what serves only desktops and remote management. */
const unneeded = /^(jfr|management|src\.zip|libatk-wrapper\.so|(accessibility|sound|swing|psfont\w*)\.properties.*)$/;

/** Where the links below a folder lead: distributions keep the configuration of a JDK elsewhere. */
function* linkTargets(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (unneeded.test(entry.name)) continue;
    if (entry.isDirectory()) yield* linkTargets(path);
    // The many files of this folder are kept together.
    else if (entry.isSymbolicLink() && existsSync(path))
      yield basename(folder) === 'security' ? dirname(realpathSync(path)) : realpathSync(path);
  }
}

/**
 * What a JDK is, from its files: it is not started for that, because a host has to start fast.
 * @param home its folder, without symbolic links
 * @throws ToolchainUnusable
 */
async function inspect(home: string): Promise<Jdk> {
  const release = join(home, 'release');
  const version = existsSync(release) ? /^JAVA_VERSION="([\d.]+)/m.exec(readFileSync(release, 'utf8'))?.[1] : undefined;
  if (version === undefined) throw new ToolchainUnusable(missing, `${home} is not the folder of a JDK`);
  if (!atLeast(version, oldest))
    throw new ToolchainUnusable(`Java ${version} is too old; install a JDK ${oldest} or later`, home);
  const isComplete = ['bin/java', 'bin/javac', 'lib/modules'].every((path) => existsSync(join(home, path)));
  if (!isComplete) throw new ToolchainUnusable(`Java ${version} has no compiler; ${missing}`, home);
  const folders = parts.map((name) => join(home, name)).filter((path) => existsSync(path));
  const paths = outermost([...folders, ...folders.flatMap((folder) => [...linkTargets(folder)])]);
  return { home, version: version.includes('.') ? version : `${version}.0`, paths };
}

const homeOf = (javac: string) => dirname(dirname(realpathSync(javac)));

const homesBelow = (folder: string) =>
  existsSync(folder)
    ? readdirSync(folder).flatMap((name) => findCommand(join(folder, name, 'bin/javac')).map((path) => homeOf(path)))
    : [];

/** Finds the JDK of the command, or one in the usual folder, and others beside it. @throws ToolchainUnusable */
export async function findJdks({ command, versions }: Config, folder: string = installed): Promise<[Jdk, ...Jdk[]]> {
  const commanded = findCommand(command).map((path) => homeOf(path));
  const others = versions?.filter((home) => existsSync(home)).map((home) => realpathSync(home)) ?? homesBelow(folder);
  const usual = await firstUsable(command === 'javac' ? [...commanded, ...others] : commanded, inspect, missing);
  const homes = [...new Set(others)].filter((home) => home !== usual.home);
  return newestFirst(usual, await everyUsable(homes, inspect));
}
