import { randomUUID } from 'node:crypto';
import { appendFile, lstat, mkdir, readdir, readFile, rename, rm, utimes } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parseConfigDocument } from '../config/document.ts';
import { treeIntegrity } from './integrity.ts';
import { packagesFolder, treeFolder, type Pinned } from './places.ts';
import { stagingPrefix, type StagedPackage } from './stage.ts';

const hourMs = 3_600_000;
const claimsSuffix = '.claims';

/** Puts a staged tree in its final place, in one step, and notes for which configuration file. */
export async function keepTree(dataDir: string, id: string, staged: StagedPackage, file: string): Promise<void> {
  const { integrity, manifest, folder, tree } = staged;
  const final = treeFolder(dataDir, id, { version: manifest.version, integrity });
  await mkdir(dirname(final), { recursive: true, mode: 0o700 });
  const present = await treeIntegrity(final).catch(() => undefined);
  if (present !== integrity) {
    // One that was tampered with makes way.
    await rename(final, join(folder, 'replaced')).catch(unless('ENOENT'));
    await rename(tree, final);
  }
  await appendFile(final + claimsSuffix, `${JSON.stringify(file)}\n`);
}

/** Takes an installed tree away, in one step for whoever looks, unless a configuration file still names it. */
export async function removeTree(dataDir: string, id: string, pinned: Pinned): Promise<void> {
  const tree = treeFolder(dataDir, id, pinned);
  if (!(await isClaimed(dataDir, tree))) await discard(dataDir, tree);
}

/** Marks a tree as left just now: a running host may use it for a while yet. */
export async function leaveTree(dataDir: string, id: string, pinned: Pinned): Promise<void> {
  await utimes(treeFolder(dataDir, id, pinned), new Date(), new Date()).catch(unless('ENOENT'));
}

async function discard(dataDir: string, tree: string): Promise<void> {
  const away = join(packagesFolder(dataDir), `${stagingPrefix}${randomUUID()}`);
  await rename(tree, away).catch(unless('ENOENT'));
  await rm(tree + claimsSuffix, { force: true });
  await rm(away, { recursive: true, force: true });
}

function unless(expected: string): (error: NodeJS.ErrnoException) => undefined {
  return (error) => {
    if (error.code !== expected) throw error;
  };
}

/** The trees of `dataDir` that a configuration file names; `undefined` where it cannot be told. */
async function treesNamedIn(dataDir: string, file: string): Promise<ReadonlySet<string> | undefined> {
  try {
    const { plugins } = parseConfigDocument(file, await readFile(file, 'utf8')).value as {
      plugins?: Readonly<Record<string, (Partial<Pinned> & object) | false>>;
    };
    const pinned = Object.entries(plugins ?? {}).flatMap(([id, entry]) => {
      const { version, integrity } = entry || {};
      return version === undefined || integrity === undefined ? [] : [treeFolder(dataDir, id, { version, integrity })];
    });
    return new Set(pinned);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? new Set() : undefined;
  }
}

/** Whether a configuration file that a tree was added for still names it, or may do so. */
async function isClaimed(dataDir: string, tree: string): Promise<boolean> {
  const claims = await readFile(tree + claimsSuffix, 'utf8').catch(() => '');
  const files = new Set(
    claims
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as string),
  );
  for (const file of files) if ((await treesNamedIn(dataDir, file))?.has(tree) !== false) return true;
  return false;
}

async function members(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).map((name) => join(folder, name));
}

async function isOld(path: string, now: number): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found !== undefined && now - found.mtimeMs > hourMs;
}

/**
 * Takes away what nobody needs any more: half-made trees, and trees that no configuration file names which they were
 * added for. Both only after an hour: another command may be at work on them, or a host still use them.
 */
export async function sweepPackages(dataDir: string, now: number = Date.now()): Promise<void> {
  for (const folder of await members(packagesFolder(dataDir))) {
    if (basename(folder).startsWith(stagingPrefix)) {
      if (await isOld(folder, now)) await rm(folder, { recursive: true, force: true });
      continue;
    }
    for (const tree of await members(folder))
      if (!tree.endsWith(claimsSuffix) && (await isOld(tree, now)) && !(await isClaimed(dataDir, tree)))
        await discard(dataDir, tree);
  }
}
