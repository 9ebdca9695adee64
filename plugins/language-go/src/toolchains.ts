import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parse, z } from '@soulbox/plugin-sdk';
import {
  ToolchainUnusable,
  atLeast,
  belowEach,
  cacheFolder,
  everyUsable,
  findCommand,
  firstUsable,
  isScript,
  makeSharedFolder,
  newestFirst,
  outermost,
  probe,
  programsAmong,
} from '@soulbox/plugin-sdk/toolchain';
import type { Config } from './config.ts';

export interface GoToolchain {
  /** The `go` command; absolute. */
  readonly go: string;
  /** The folder with the compiled standard library, which boxes see read-only; absolute. */
  readonly library: string;
  /** E.g. `1.26.8`. */
  readonly version: string;
  readonly paths: readonly string[];
}

const oldest = '1.19';
const missing = `Go was not found; install Go ${oldest} or later (Debian, Ubuntu: apt install golang-go)`;
const noCache =
  'the compiled standard library of Go needs a folder; name one that can be written with the setting cache';

/** The toolchain in the language's image. */
export const imageToolchain: GoToolchain = {
  go: '/usr/local/go/bin/go',
  library: '/usr/local/share/soulbox-go',
  version: '',
  paths: [],
};

const Answer = z.object({
  GOROOT: z.string().startsWith('/'),
  GOTOOLDIR: z.string().startsWith('/'),
  GOVERSION: z.string(),
});

/** What a box needs of a toolchain: not its documents and tests. Debian's consists of links to another folder in part. */
function pathsOf(root: string): string[] {
  const parts = ['bin/go', 'VERSION', 'go.env', 'pkg', 'pkg/include', 'src'].map((name) => join(root, name));
  return parts.filter((path) => existsSync(path)).flatMap((path) => [path, realpathSync(path)]);
}

async function inspect(candidate: string, config: Config): Promise<GoToolchain> {
  // A toolchain that another one chose for a module would not be there in a box.
  const env = { PATH: process.env['PATH'] ?? '', HOME: homedir(), GOTOOLCHAIN: 'local', GOENV: 'off' };
  const answer = await probe(candidate, ['env', '-json', 'GOROOT', 'GOTOOLDIR', 'GOVERSION'], {
    env,
    keep: !isScript(candidate),
  });
  const { GOROOT: root, GOVERSION } = parse(Answer, answer, 'internal');
  const version = /^go(\d+(?:\.\d+)+)/.exec(GOVERSION)?.[1];
  if (version === undefined || !atLeast(version, oldest))
    throw new ToolchainUnusable(`Go ${version ?? ''} is too old; install ${oldest} or later`, GOVERSION);
  const mark = createHash('sha256').update(root).digest('hex').slice(0, 8);
  const library = join(cacheFolder('go', config.cache), `${version}-${mark}`);
  await makeSharedFolder(library).catch((thrown: unknown) => {
    throw new ToolchainUnusable(noCache, String(thrown));
  });
  return { go: join(root, 'bin/go'), library, version, paths: outermost([...pathsOf(root), library]) };
}

/** Finds the toolchains and asks each what it is made of, the usual one first. @throws ToolchainUnusable */
export async function findToolchains(config: Config): Promise<[GoToolchain, ...GoToolchain[]]> {
  const ask = (candidate: string) => inspect(candidate, config);
  const usual = await firstUsable(findCommand(config.command ?? 'go'), ask, missing);
  if (config.command !== undefined) return [usual];
  // As Debian, the Go project's own installer and its archives place several of them.
  const others = [
    ...findCommand('go'),
    ...['/usr/lib', '/usr/local', join(homedir(), 'sdk')].flatMap((folder) => belowEach(folder, 'bin/go')),
  ];
  const unknown = programsAmong(others).filter((path) => path !== usual.go);
  return newestFirst(usual, await everyUsable(unknown, ask));
}
