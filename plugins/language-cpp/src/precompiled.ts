import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** What precompiled headers of a set are made and used as, below the folder of a compiler. */
export function headersOf(folder: string, set: readonly string[]): string {
  return join(folder, set.join(',').replaceAll('/', '_'), 'headers');
}

/** Makes `$0/headers.gch` as a whole or not at all, the header's text being `$1` and the compiler's command the rest. */
const making = `umask 022
made="$0.$$"
trap 'rm -rf "$made"' EXIT
trap 'exit 1' TERM
rm -rf "$0".[0-9]*
text=$1; shift
mkdir -p "$made" && printf '%s\\n' "$text" >"$made/headers" &&
  "$@" -x c++-header -MD -MF "$made/needs" -o "$made/headers.gch" "$made/headers" &&
  rm -rf "$0" && mv -T "$made" "$0"`;

const timeoutMs = 120_000;
const trustedMs = 60_000;

function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.ctimeMs ?? Number.POSITIVE_INFINITY;
}

/** Whether it was made after all that went into it, as a rule of make has it. */
function isFresh(headers: string): boolean {
  const rule = join(headers, '../needs');
  if (!existsSync(rule)) return false;
  const made = changedAt(`${headers}.gch`);
  const [, needs = ''] = readFileSync(rule, 'utf8').split(': ', 2);
  const needed = needs.split(/[\s\\]+/).filter((path) => path !== '' && !path.endsWith('/headers'));
  return Number.isFinite(made) && needed.length > 0 && needed.every((path) => changedAt(path) <= made);
}

export interface PrecompiledOptions {
  /** Aborting ends what is being made. */
  readonly signal: AbortSignal;
  /** How long a host must have gone on since they were first missed, for one program's would have no use of them; default: 5,000. */
  readonly afterMs?: number;
  /** Told, for the log, that headers could not be precompiled: programs are compiled without them. */
  readonly onFailure: (detail: string) => void;
}

/** Headers of the library that are compiled ahead, once on a machine for each compiler and set, off the path of programs. */
export class PrecompiledHeaders {
  private readonly options: PrecompiledOptions;
  /** Until when, in milliseconds since the epoch, they are taken for fresh. */
  private readonly trusted = new Map<string, number>();
  private readonly failed = new Set<string>();
  private making: Promise<void> | undefined;

  constructor(options: PrecompiledOptions) {
    this.options = options;
  }

  /** Whether they can be used now; where not, `compile` is begun, one at a time. */
  ready(headers: string, set: readonly string[], compile: readonly string[]): boolean {
    if ((this.trusted.get(headers) ?? 0) > Date.now()) return true;
    if (isFresh(headers)) {
      this.trusted.set(headers, Date.now() + trustedMs);
      return true;
    }
    if (!this.failed.has(headers))
      this.making ??= this.make(headers, set, compile).finally(() => (this.making = undefined));
    return false;
  }

  /** Resolves when nothing is being made. */
  async settled(): Promise<void> {
    await this.making;
  }

  private async make(headers: string, set: readonly string[], compile: readonly string[]): Promise<void> {
    const { signal, onFailure, afterMs = 5_000 } = this.options;
    try {
      // A host that has nothing else to do ends, and does not wait for it.
      if (afterMs > 0) await delay(afterMs, undefined, { signal, ref: false });
    } catch {
      return;
    }
    const text = set.map((name) => `#include <${name}>`).join('\n');
    const ended = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const maker = spawn('/bin/sh', ['-c', making, join(headers, '..'), text, ...compile], {
      cwd: '/',
      env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true, // so that its compiler can be ended with it
    });
    let said = '';
    maker.stderr.on('data', (data: Buffer) => (said = (said + data.toString()).slice(0, 4096)));
    const end = () => maker.pid !== undefined && process.kill(-maker.pid, 'SIGTERM');
    ended.addEventListener('abort', end, { once: true });
    try {
      const [code] = (await once(maker, 'close')) as [number | null];
      if (code !== 0) throw new Error(said);
    } catch (thrown) {
      if (signal.aborted) return;
      this.failed.add(headers);
      onFailure(String(thrown));
    } finally {
      ended.removeEventListener('abort', end);
    }
  }
}
