import { createHook } from 'node:async_hooks';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** Kinds of resources that live until somebody ends them; the rest are single operations. */
const lasting =
  /^(Timeout|Immediate|TCPWRAP|TCPSERVERWRAP|PIPEWRAP|PIPESERVERWRAP|UDPWRAP|TTYWRAP|PROCESSWRAP|SIGNALWRAP|WORKER|FSEVENTWRAP|STATWATCHER)$/;
const settleMs = 5_000;

/** Watches what code leaves behind in this process and in the folders where programs usually write. */
export class Traces {
  /** Stands in for the home, temporary and working folders. */
  readonly folder: string;
  private readonly alive = new Map<number, string>();
  private readonly before: { readonly environment: NodeJS.ProcessEnv; readonly cwd: string };
  private readonly hook = createHook({
    init: (id, type) => {
      if (lasting.test(type)) this.alive.set(id, type);
    },
    destroy: (id) => {
      this.alive.delete(id);
    },
  });

  private constructor(folder: string) {
    this.folder = folder;
    this.before = { environment: { ...process.env }, cwd: process.cwd() };
    Object.assign(process.env, { HOME: folder, TMPDIR: folder, XDG_DATA_HOME: folder, XDG_CACHE_HOME: folder });
    process.chdir(folder);
    this.hook.enable();
  }

  /** Begins to watch. Nothing else may run in this process until {@link dispose}. */
  static async watch(): Promise<Traces> {
    const folder = await mkdtemp(join(tmpdir(), 'soulbox-traces-'));
    return new Traces(folder);
  }

  /** A folder to keep data in that is not counted as left behind. */
  async ownFolder(): Promise<string> {
    const path = join(this.folder, 'own');
    await mkdir(path, { recursive: true });
    return path;
  }

  /** Timers, sockets, processes and the like that are not over, given a while to end; by their kind. */
  async resources(): Promise<readonly string[]> {
    for (let waited = 0; waited < settleMs && this.alive.size > 0; waited += 10) {
      // The pause has a timer itself, which must not be found.
      this.hook.disable();
      await pause(10);
      this.hook.enable();
    }
    return [...this.alive.values()].toSorted();
  }

  /** The names of the files that were left outside {@link ownFolder}. */
  async files(): Promise<readonly string[]> {
    return (await readdir(this.folder)).filter((name) => name !== 'own').toSorted();
  }

  async dispose(): Promise<void> {
    this.hook.disable();
    process.chdir(this.before.cwd);
    for (const name of Object.keys(process.env)) if (!(name in this.before.environment)) delete process.env[name];
    Object.assign(process.env, this.before.environment);
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The files that this process holds open; none where the system does not say. */
export function openFiles(): readonly string[] {
  const folder = '/proc/self/fd';
  return existsSync(folder) ? readdirSync(folder).flatMap(openFile).toSorted() : [];
}

function openFile(descriptor: string): string[] {
  try {
    const path = readlinkSync(`/proc/self/fd/${descriptor}`);
    return path.startsWith('/') ? [path] : [];
  } catch {
    // That of the listing itself.
    return [];
  }
}

/** How many listeners each event of the process has. */
export function processListeners(): Readonly<Record<string, number>> {
  return Object.fromEntries(process.eventNames().map((name) => [String(name), process.listenerCount(name)]));
}
