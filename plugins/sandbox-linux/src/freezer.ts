import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SoulboxError } from '@soulbox/plugin-sdk';
import type { CgroupFolder } from './cgroups.ts';

const tries = 500;
const pauseMs = 10;

/** How one kind of cgroup is told to stand still, and tells that it does. */
interface Freezing {
  readonly file: string;
  readonly words: { readonly frozen: string; readonly thawed: string };
  readonly stateFile: string;
  readonly isFrozen: (state: string) => boolean;
}

const version1: Freezing = {
  file: 'freezer.state',
  words: { frozen: 'FROZEN', thawed: 'THAWED' },
  stateFile: 'freezer.state',
  isFrozen: (state) => state.trim() === 'FROZEN',
};
const version2: Freezing = {
  file: 'cgroup.freeze',
  words: { frozen: '1', thawed: '0' },
  stateFile: 'cgroup.events',
  isFrozen: (state) => /^frozen 1$/m.test(state),
};

/** Has everything in a box stand still, by its cgroup, and go on again. */
export class Freezer {
  readonly #folder: string;
  readonly #way: Freezing;

  private constructor(folder: string, way: Freezing) {
    this.#folder = folder;
    this.#way = way;
  }

  /** `undefined` where none of the box's cgroups can. */
  static of(folders: readonly CgroupFolder[]): Freezer | undefined {
    const found = folders.find(({ version, controllers }) => version === 2 || controllers.includes('freezer'));
    return found && new Freezer(found.path, found.version === 2 ? version2 : version1);
  }

  async isFrozen(): Promise<boolean> {
    const { stateFile, isFrozen } = this.#way;
    return isFrozen(await readFile(join(this.#folder, stateFile), 'latin1').catch(() => ''));
  }

  /** Resolves once nothing moves, or everything may. @throws sandbox_lost, sandbox_unavailable where that takes too long. */
  async set(frozen: boolean): Promise<void> {
    const { file, words } = this.#way;
    for (let count = 0; count < tries; count++) {
      try {
        await writeFile(join(this.#folder, file), frozen ? words.frozen : words.thawed, { flag: 'r+' });
      } catch (cause) {
        throw new SoulboxError('sandbox_lost', 'the sandbox is gone', { cause });
      }
      if ((await this.isFrozen()) === frozen) return;
      await sleep(pauseMs);
    }
    throw new SoulboxError('sandbox_unavailable', 'the sandbox could not be brought to stand still');
  }
}
