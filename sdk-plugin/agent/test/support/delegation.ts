import { chownSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Mode } from './program.ts';

const root = '/sys/fs/cgroup';
const handedOver = ['cgroup.procs', 'cgroup.subtree_control', 'cgroup.threads', 'tasks'];

/** Cgroup folders made for one agent, as a driver makes them. */
export class Delegation {
  readonly folders: readonly string[];
  readonly first: string;
  readonly arguments: readonly string[];

  private constructor(folders: readonly [string, ...string[]], options: readonly string[]) {
    this.folders = folders;
    this.first = folders[0];
    this.arguments = options;
  }

  /** In separate hierarchies of version 1; undefined where this host has none that can be used. */
  static version1(mode: Mode): Delegation | undefined {
    const place = (name: string): string => join(root, name, `soulbox-agent-test-${process.pid}`);
    const controllers = ['memory', 'pids', 'cpuacct'];
    if (!controllers.every((name) => exists(join(root, name, 'cgroup.procs')))) return undefined;
    if (!controllers.every((name) => make(place(name), mode))) return undefined;
    const options = controllers.flatMap((name) => ['--cgroup', `${name}=${place(name)}`]);
    return new Delegation([place('memory'), place('pids'), place('cpuacct')], options);
  }

  /** In a hierarchy of version 2, alone or beside version 1; undefined where this host has none. */
  static version2(mode: Mode): Delegation | undefined {
    const top = [root, join(root, 'unified')].find((folder) => exists(join(folder, 'cgroup.controllers')));
    const folder = top && join(top, `soulbox-agent-test-${process.pid}`);
    if (folder === undefined || !make(folder, mode)) return undefined;
    return new Delegation([folder], ['--cgroup2', folder]);
  }

  /** The controllers of version 2 that the folder has. */
  get controllers(): string[] {
    return readFileSync(join(this.first, 'cgroup.controllers'), 'latin1').trim().split(' ');
  }

  /** The names of the leaves that are there, in all folders. */
  leaves(): string[] {
    return this.folders.flatMap((folder) =>
      readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])),
    );
  }

  /** The processes directly in the first folder. */
  members(): number {
    return readFileSync(join(this.first, 'cgroup.procs'), 'latin1').split('\n').length - 1;
  }

  async withoutRuns(): Promise<string[]> {
    const runs = (): string[] => this.leaves().filter((name) => name.startsWith('run-'));
    for (let tries = 0; tries < 200 && runs().length > 0; tries++) await sleep(10);
    return runs();
  }

  async remove(): Promise<void> {
    for (const folder of this.folders) {
      for (const name of ['agent', '']) await removeFolder(join(folder, name));
    }
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function make(folder: string, mode: Mode): boolean {
  const owner = Number(mode.arguments[1]);
  try {
    mkdirSync(folder);
  } catch {
    return false;
  }
  chownSync(folder, owner, owner);
  for (const name of handedOver.filter((file) => exists(join(folder, file))))
    chownSync(join(folder, name), owner, owner);
  return true;
}

async function removeFolder(folder: string): Promise<void> {
  for (let tries = 0; tries < 200 && exists(folder); tries++) {
    try {
      rmdirSync(folder);
    } catch {
      await sleep(10);
    }
  }
}
