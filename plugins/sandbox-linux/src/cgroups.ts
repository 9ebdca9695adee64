import { constants } from 'node:fs';
import { access, chown, mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SoulboxError } from '@soulbox/plugin-sdk';
import type { HostIdentity } from '@soulbox/plugin-sdk/agent';
import { removeCgroup } from './cgroup-removal.ts';
import { findHierarchies, type Hierarchy } from './hierarchy.ts';

/** The cgroup folders of one box, ready to be given to its agent. */
export interface BoxCgroups {
  /** The agent's arguments that name them; none where this host may not make cgroups. */
  readonly arguments: readonly string[];
  readonly folders: readonly CgroupFolder[];
  /** Kills what is left in them and removes them. */
  remove(): Promise<void>;
}

export interface CgroupFolder {
  readonly version: 1 | 2;
  /** Of version 1. */
  readonly controllers: readonly string[];
  readonly path: string;
}

/** Processor time is counted in version 2 without a controller. */
const neededInVersion2 = ['memory', 'pids'];
/** Only counts; without it a box has all its limits. */
const countedInVersion2 = 'io';
const usedInVersion1 = ['memory', 'pids', 'cpuacct', 'blkio'];
/** Lets a box that stays stand still. Version 2 can so everywhere. */
const freezerInVersion1 = 'freezer';
/** A cgroup of version 2 holds either processes or limited children: the host moves here to have the latter. */
const hostLeaf = 'soulbox-host';
const delegatedFiles = ['cgroup.procs', 'tasks', 'cgroup.threads', 'cgroup.subtree_control'];

interface Delegation {
  readonly hierarchy: Hierarchy;
  /** The agent's option for a folder in this hierarchy. */
  readonly option: (folder: string) => readonly string[];
  /** Of no use to boxes that do not stay. */
  readonly onlyStays?: boolean;
}

/** Names of boxes that stay begin so, where others name their host. */
const staying = 'stays';

/** Makes, marks and removes cgroup folders below the host's own cgroup, and never touches anything else there. */
export class Cgroups {
  readonly #deployment: string;
  readonly #identity: HostIdentity;
  readonly #proc: string;
  readonly #needed: readonly string[];
  #delegations: Promise<readonly Delegation[]> | undefined;

  /**
   * `proc` is where the kernel's process file system is, `needed` the controllers without which version 2 is not used.
   * @throws config_invalid for a deployment id that cannot be part of a folder's name.
   */
  constructor(deploymentId: string, identity: HostIdentity, { proc = '/proc', needed = neededInVersion2 } = {}) {
    if (!/^[A-Za-z0-9_.-]{1,64}$/.test(deploymentId))
      throw new SoulboxError('config_invalid', 'the deployment id must be 1 to 64 letters, digits, dots, - or _');
    this.#deployment = `soulbox-${deploymentId}`;
    this.#identity = identity;
    this.#proc = proc;
    this.#needed = needed;
  }

  /**
   * `owner` is the host uid and gid that the agent will have, where that is not the host's own. What `stays` is not taken
   * for something that a dead host left behind.
   */
  async make(boxId: string, owner: number | undefined, { stays = false } = {}): Promise<BoxCgroups> {
    this.#delegations ??= this.#findDelegations();
    const made: string[] = [];
    const folders: CgroupFolder[] = [];
    const options: string[] = [];
    const remove = async (): Promise<void> => {
      await Promise.all(made.map(removeCgroup));
      // Not empty while other boxes live.
      await Promise.all(made.map((folder) => rmdir(dirname(folder)).catch(() => undefined)));
    };
    try {
      for (const { hierarchy, option, onlyStays } of await this.#delegations) {
        if (onlyStays && !stays) continue;
        const parent = join(hierarchy.ownFolder, this.#deployment);
        const folder = join(parent, stays ? `${staying}-${boxId}` : `${this.#identity.label}-${boxId}`);
        made.push(folder);
        await this.#makeFolder(parent, folder, hierarchy.version);
        if (owner !== undefined) await delegate(folder, owner);
        folders.push({ version: hierarchy.version, controllers: hierarchy.controllers, path: folder });
        options.push(...option(folder));
      }
    } catch (cause) {
      await remove();
      throw new SoulboxError('sandbox_unavailable', 'the cgroups of the sandbox could not be made', { cause });
    }
    return { arguments: options, folders, remove };
  }

  /** Those of a box that stays, made by whichever host of this deployment. */
  async ofStaying(boxId: string): Promise<Pick<BoxCgroups, 'folders' | 'remove'>> {
    const folders: CgroupFolder[] = [];
    for (const { ownFolder, version, controllers } of await this.#hierarchies()) {
      const path = join(ownFolder, this.#deployment, `${staying}-${boxId}`);
      if (await exists(path)) folders.push({ version, controllers, path });
    }
    return { folders, remove: async () => void (await Promise.all(folders.map(({ path }) => removeCgroup(path)))) };
  }

  /** Whether a box that stays can be made to stand still here. */
  async canFreeze(): Promise<boolean> {
    this.#delegations ??= this.#findDelegations();
    return (await this.#delegations).some(
      ({ hierarchy: { version, controllers } }) => version === 2 || controllers.includes(freezerInVersion1),
    );
  }

  /** Removes the folders of this deployment's dead hosts. @returns how many boxes they were. */
  async reconcile(): Promise<number> {
    const removed = new Set<string>();
    for (const { ownFolder } of await this.#hierarchies()) {
      const parent = join(ownFolder, this.#deployment);
      for (const name of await readdir(parent).catch(() => [] as string[])) {
        const match = /^(h\d+-\d+-\d+)-[a-z0-9]+$/.exec(name);
        if (!match || !this.#identity.isGone(match[1]!)) continue;
        if (await removeCgroup(join(parent, name))) removed.add(name);
      }
      await rmdir(parent).catch(() => undefined);
    }
    return removed.size;
  }

  async #hierarchies(): Promise<Hierarchy[]> {
    const [mountinfo, own] = await Promise.all(
      ['mountinfo', 'cgroup'].map((name) => readFile(join(this.#proc, 'self', name), 'utf8').catch(() => '')),
    );
    return findHierarchies(mountinfo!, own!).map((hierarchy) => {
      const moved = hierarchy.version === 2 && basename(hierarchy.ownFolder) === hostLeaf;
      return moved ? { ...hierarchy, ownFolder: dirname(hierarchy.ownFolder) } : hierarchy;
    });
  }

  async #findDelegations(): Promise<readonly Delegation[]> {
    const hierarchies = await this.#hierarchies();
    const second = hierarchies.find(({ version }) => version === 2);
    if (second && (await this.#enable(second.ownFolder)))
      return [{ hierarchy: second, option: (folder) => ['--cgroup2', folder] }];
    const found: Delegation[] = [];
    for (const hierarchy of hierarchies) {
      const used = hierarchy.controllers.filter((name) => usedInVersion1.includes(name));
      const onlyStays = used.length === 0;
      if (onlyStays && !hierarchy.controllers.includes(freezerInVersion1)) continue;
      if (!(await mayMakeFolders(hierarchy.ownFolder))) continue;
      const names = onlyStays ? freezerInVersion1 : used.join(',');
      found.push({ hierarchy, onlyStays, option: (folder) => ['--cgroup', `${names}=${folder}`] });
    }
    return found;
  }

  /** Makes the controllers available to children, moving the host into a leaf where it is alone. */
  async #enable(folder: string): Promise<boolean> {
    const offered = await controllersOf(folder);
    if (!this.#needed.every((name) => offered.includes(name))) return false;
    if (await this.#enableControllers(folder)) return mayMakeFolders(folder);
    const members = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '');
    if (members.trim() !== String(process.pid)) return false;
    try {
      await mkdir(join(folder, hostLeaf), { recursive: true });
      await writeFile(join(folder, hostLeaf, 'cgroup.procs'), String(process.pid), { flag: 'r+' });
    } catch {
      return false;
    }
    return this.#enableControllers(folder);
  }

  async #makeFolder(parent: string, folder: string, version: 1 | 2): Promise<void> {
    await mkdir(folder, { recursive: true });
    if (version === 2 && !((await this.#enableControllers(parent)) && (await this.#enableControllers(folder))))
      throw new Error('cgroup controllers cannot be enabled');
  }

  async #enableControllers(folder: string): Promise<boolean> {
    const wanted = this.#needed.map((name) => `+${name}`).join(' ');
    try {
      await writeFile(join(folder, 'cgroup.subtree_control'), wanted, { flag: 'r+' });
    } catch {
      return false;
    }
    const offered = await controllersOf(folder);
    if (offered.includes(countedInVersion2))
      await writeFile(join(folder, 'cgroup.subtree_control'), `+${countedInVersion2}`, { flag: 'r+' }).catch(
        () => undefined,
      );
    return true;
  }
}

async function exists(folder: string): Promise<boolean> {
  return access(folder).then(
    () => true,
    () => false,
  );
}

async function controllersOf(folder: string): Promise<readonly string[]> {
  const text = await readFile(join(folder, 'cgroup.controllers'), 'utf8').catch(() => '');
  return text.trim().split(' ');
}

async function mayMakeFolders(folder: string): Promise<boolean> {
  return access(folder, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Hands over the making of children and the moving of processes, but none of the box's own limits. */
async function delegate(folder: string, owner: number): Promise<void> {
  await chown(folder, owner, owner);
  for (const name of delegatedFiles) {
    try {
      await chown(join(folder, name), owner, owner);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}
