import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { locateAgent } from '../../src/locate.ts';

const sources = new URL('../../../../agent/', import.meta.url);
const ordinaryUser = 64_000 + (process.pid % 1000);

/** Which user the host has, and so which walls it can build. */
export interface Mode {
  readonly name: 'root' | 'ordinary user';
  readonly arguments: readonly string[];
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
}

const isRoot = process.geteuid!() === 0;

const asRoot: Mode = {
  name: 'root',
  // A range that no other test process uses at the same time.
  arguments: ['--uid-base', String(1_500_000_000 + (process.pid % 5000) * 65_536), '--uid-count', '65536'],
  user: undefined,
};
const asOrdinary: Mode = {
  name: 'ordinary user',
  arguments: [],
  user: isRoot ? { uid: ordinaryUser, gid: ordinaryUser } : undefined,
};

/** Those that this process can take. */
export const modes: readonly Mode[] = isRoot ? [asRoot, asOrdinary] : [asOrdinary];
export const strongestMode: Mode = isRoot ? asRoot : asOrdinary;
export const ordinaryMode: Mode = asOrdinary;

export interface ShownProgram {
  readonly program: string;
  readonly options: readonly string[];
}

/** Programs built for a test file, in a folder that every user can read. */
export class Programs {
  readonly folder: string;
  readonly agent: string;
  /** Uploaded into boxes. */
  readonly probe: Buffer;
  // Not the usual place for such: a box has a /tmp of its own.
  readonly #shown = mkdtempSync('/var/tmp/soulbox-program-');

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'soulbox-program-'));
    for (const folder of [this.folder, this.#shown]) chmodSync(folder, 0o755);
    this.agent = this.#copy(locateAgent(), 'soulbox-agent');
    const probe = join(this.folder, 'probe');
    compileProbe(probe, '-static');
    this.probe = readFileSync(probe);
  }

  /** The probe where boxes can be shown it, with the options of the agent that show it. */
  shownProbe(): ShownProgram {
    const program = join(this.#shown, 'probe');
    writeFileSync(program, this.probe, { mode: 0o755 });
    return { program, options: ['--path', program] };
  }

  /** As {@link shownProbe}, but able to load the library of zygotes. */
  shownZygote(): ShownProgram {
    const program = join(this.#shown, 'zygote');
    compileProbe(program, '-DZYGOTE');
    const libraries = execFileSync('ldd', [program], { encoding: 'utf8' }).match(/\/\S+/g) ?? [];
    return { program, options: [program, ...libraries].flatMap((path) => ['--path', path]) };
  }

  /** The agent with sanitizers, which need what they link to. */
  sanitizedAgent(): string {
    const build = fileURLToPath(new URL('build.mjs', sources));
    execFileSync(process.execPath, [build, '--sanitize'], { stdio: 'inherit' });
    return this.#copy(`${locateAgent()}-asan`, 'soulbox-agent-asan');
  }

  remove(): void {
    for (const folder of [this.folder, this.#shown]) rmSync(folder, { recursive: true, force: true });
  }

  #copy(from: string, name: string): string {
    const to = join(this.folder, name);
    copyFileSync(from, to);
    chmodSync(to, 0o755);
    return to;
  }
}

function compileProbe(to: string, option: string): void {
  const source = fileURLToPath(new URL('test/support/probe.c', sources));
  const options = ['-D_GNU_SOURCE', '-std=gnu11', '-O1', '-s', option];
  execFileSync(process.env['CC'] ?? 'cc', [...options, '-o', to, source]);
}

/** The ids of `pid` and of all processes below it, with the times at which they started. */
export function processTree(pid: number): string[] {
  const parents = new Map<number, { parent: number; started: string }>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const stat = readStat(Number(name));
    if (stat) parents.set(Number(name), stat);
  }
  const isBelow = (id: number): boolean => id === pid || (parents.has(id) && isBelow(parents.get(id)!.parent));
  return [...parents.keys()].filter(isBelow).map((id) => `${id}@${parents.get(id)!.started}`);
}

/** The ids and names of the processes below `pid` that live. */
export function namesBelow(pid: number): { readonly pid: number; readonly parent: number; readonly name: string }[] {
  return processTree(pid).flatMap((entry) => {
    const id = Number.parseInt(entry, 10);
    const stat = readStat(id);
    return stat && id !== pid && stat.state !== 'Z' ? [{ pid: id, parent: stat.parent, name: stat.name }] : [];
  });
}

/** Those of `processes` that still live. */
export function living(processes: readonly string[]): string[] {
  return processes.filter((entry) => {
    const [id, started] = entry.split('@');
    const stat = readStat(Number(id));
    return stat !== undefined && stat.started === started && stat.state !== 'Z';
  });
}

interface Stat {
  readonly name: string;
  readonly parent: number;
  readonly started: string;
  readonly state: string;
  /** User and system time, in ticks. */
  readonly cpu: number;
}

/** Whether a process waits for something. */
export function isAsleep(pid: number): boolean {
  return readStat(pid)?.state === 'S';
}

/** Processor time that a process has used, in ticks of 10 ms. */
export function cpuTicks(pid: number): number {
  return readStat(pid)?.cpu ?? 0;
}

function readStat(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const name = text.slice(text.indexOf('(') + 1, text.lastIndexOf(')'));
    const cpu = Number(fields[11]) + Number(fields[12]);
    return { name, state: fields[0]!, parent: Number(fields[1]), started: fields[19]!, cpu };
  } catch {
    return undefined;
  }
}
