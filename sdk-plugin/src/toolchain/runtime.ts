import type { ExecutionPlan, LanguageInfo, LanguageRuntime, PlanInput } from '../contracts/language.ts';
import { SoulboxError } from '../errors.ts';
import { ToolchainUnusable } from './probe.ts';

/** What a search for a toolchain must at least answer with. */
export interface Toolchain {
  readonly version: string;
  /** Absolute host paths that boxes need read-only. */
  readonly paths: readonly string[];
}

export interface ToolchainRuntimeOptions<T extends Toolchain> {
  readonly about: Omit<LanguageInfo, 'version' | 'available' | 'reason' | 'paths'>;
  /** @throws ToolchainUnusable */
  readonly find: () => Promise<T>;
  /** Told, for the log, what may not leave the host about a toolchain that cannot be used. */
  readonly onUnusable: (detail: string) => void;
  readonly plan: (input: PlanInput, toolchain: T) => ExecutionPlan | Promise<ExecutionPlan>;
}

/** What a box has of its own hides what the host has under the same name. */
function refuseHidden({ paths }: Toolchain): void {
  const hidden = paths.find((path) => /^\/(tmp|home\/sandbox)\//.test(path));
  if (hidden !== undefined)
    throw new ToolchainUnusable('it lies in a folder that every box has anew; install it outside /tmp', hidden);
}

/** Calls `find` once for all who ask. A failure is not kept, so that a toolchain installed later is found. */
function remember<T>(find: () => Promise<T>): () => Promise<T> {
  let found: Promise<T> | undefined;
  return () => {
    found ??= find().catch((thrown: unknown) => {
      found = undefined;
      throw thrown;
    });
    return found;
  };
}

/**
 * A LanguageRuntime for a language whose toolchain is looked for on this host: it is found once, `describe` tells why
 * when it is not, and `plan` then throws `language_unavailable`.
 */
export function toolchainRuntime<T extends Toolchain>(options: ToolchainRuntimeOptions<T>): LanguageRuntime {
  const { about, onUnusable } = options;
  const toolchain = remember(async () => {
    const found = await options.find();
    refuseHidden(found);
    return found;
  });
  return {
    async describe() {
      try {
        const { version, paths } = await toolchain();
        return { ...about, version, available: true, reason: null, paths };
      } catch (thrown) {
        if (!(thrown instanceof ToolchainUnusable)) throw thrown;
        onUnusable(thrown.detail);
        return { ...about, version: '', available: false, reason: thrown.message, paths: [] };
      }
    },
    async plan(input) {
      const found = await toolchain().catch((thrown: unknown) => {
        if (!(thrown instanceof ToolchainUnusable)) throw thrown;
        throw new SoulboxError('language_unavailable', `${about.name}: ${thrown.message}`, { cause: thrown });
      });
      return options.plan(input, found);
    },
  };
}
