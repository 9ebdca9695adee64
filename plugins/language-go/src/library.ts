import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SoulboxError } from '@soulbox/plugin-sdk';
import { probeText } from '@soulbox/plugin-sdk/toolchain';
import type { GoToolchain } from './toolchains.ts';

/** What decides the form of compiled packages, for the library and for programs alike. */
export const buildVariables = Object.freeze({
  CGO_ENABLED: '0',
  GOENV: 'off',
  GOFLAGS: '-buildvcs=false',
  GOTOOLCHAIN: 'local',
});

const timeoutMs = 600_000;
const retryAfterMs = 10_000;

export interface StandardLibraryOptions {
  /** Aborting ends what is under way. */
  readonly signal: AbortSignal;
  /** How long a program may wait for the library; default: 20,000 ms, which is less than the host waits for a plan. */
  readonly waitMs?: number;
}

/** Compiles the standard library of each toolchain once on this machine, since Go itself has shipped none since 1.20. */
export class StandardLibrary {
  private readonly options: StandardLibraryOptions;
  private readonly running = new Map<string, Promise<void>>();

  constructor(options: StandardLibraryOptions) {
    this.options = options;
  }

  /**
   * Resolves when programs can be compiled.
   * @throws SoulboxError `overloaded` while that takes longer, `language_unavailable` when it fails
   */
  async ready(toolchain: GoToolchain): Promise<void> {
    const waited = new AbortController();
    const { waitMs = 20_000 } = this.options;
    const late = delay(waitMs, undefined, { signal: waited.signal }).then(() => {
      const what = 'go: its standard library is being compiled, once on this machine';
      throw new SoulboxError('overloaded', what, { details: { retryAfterMs } });
    });
    late.catch(() => undefined); // nobody listens any more once the library is there
    try {
      await Promise.race([this.compiled(toolchain), late]);
    } finally {
      waited.abort();
    }
  }

  private compiled(toolchain: GoToolchain): Promise<void> {
    const { library } = toolchain;
    const running = this.running.get(library) ?? this.compile(toolchain);
    this.running.set(library, running);
    running.catch(() => this.running.delete(library)); // the next who needs it tries again
    return running;
  }

  private async compile({ go, library }: GoToolchain): Promise<void> {
    const complete = join(library, 'complete');
    if (existsSync(complete)) return;
    const { PATH = '' } = process.env;
    const env = { ...buildVariables, PATH, HOME: library, GOCACHE: library };
    const { signal } = this.options;
    // Boxes read it under uids of their own, whatever the operator's files are for.
    const run = (script: string, program: string) =>
      probeText('/bin/sh', ['-c', `umask 022; ${script}`, program], { env, timeoutMs, signal });
    try {
      await run('exec "$0" build std', go);
      await run(': >"$0"', complete);
    } catch (cause) {
      throw new SoulboxError('language_unavailable', 'go: its standard library could not be compiled', { cause });
    }
  }
}
