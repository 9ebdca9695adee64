import type { ContextPlan } from '../contracts/context.ts';
import type {
  DependencyInput,
  DependencyPlan,
  ExecutionPlan,
  LanguageImage,
  LanguageInfo,
  LanguageRuntime,
  PlanInput,
} from '../contracts/language.ts';
import { SoulboxError } from '../errors.ts';
import { matchVersion } from '../versions.ts';
import { outermost } from './paths.ts';
import { ToolchainUnusable } from './probe.ts';

/** What a search for a toolchain must at least answer with. */
export interface Toolchain {
  readonly version: string;
  /** Absolute host paths that boxes need read-only. */
  readonly paths: readonly string[];
}

/** The toolchain in a language's image: `version` and `paths` of it are never looked at. */
export interface ImageToolchain<T extends Toolchain> {
  readonly image: LanguageImage;
  readonly toolchain: T;
}

export interface ToolchainRuntimeOptions<T extends Toolchain> extends Pick<
  LanguageRuntime,
  'diagnose' | 'contextCell'
> {
  readonly about: Omit<LanguageInfo, 'version' | 'versions' | 'available' | 'reason' | 'paths' | 'image'>;
  /** Finds the toolchains of this host, the usual one first. @throws ToolchainUnusable when there is none */
  readonly find: () => Promise<T | readonly [T, ...T[]]>;
  readonly image?: ImageToolchain<T>;
  /** Told, for the log, what may not leave the host about a toolchain that cannot be used. */
  readonly onUnusable: (detail: string) => void;
  readonly plan: (input: PlanInput, toolchain: T) => ExecutionPlan | Promise<ExecutionPlan>;
  readonly dependencies?: (input: DependencyInput, toolchain: T) => DependencyPlan | Promise<DependencyPlan>;
  readonly context?: (toolchain: T) => ContextPlan;
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

/** The version asked for, or the first that begins with it: `3.11` is served by `3.11.7`. */
function choose<T extends Toolchain>(name: string, toolchains: readonly [T, ...T[]], wanted: string | undefined): T {
  if (wanted === undefined) return toolchains[0];
  const versions = toolchains.map(({ version }) => version);
  const meant = matchVersion(versions, wanted);
  const found = toolchains.find(({ version }) => version === meant);
  if (found) return found;
  throw new SoulboxError('language_unknown', `${name} has no version "${wanted}" here, only ${versions.join(', ')}`, {
    details: { field: 'version', versions },
  });
}

/**
 * A LanguageRuntime for a language whose toolchains are looked for on this host: they are found once, `describe` tells
 * why when there is none, and `plan` then throws `language_unavailable`. With an image, plans for boxes made of it use
 * the toolchain that is known to be in it.
 */
export function toolchainRuntime<T extends Toolchain>(options: ToolchainRuntimeOptions<T>): LanguageRuntime {
  const { about, onUnusable, image, diagnose, dependencies, context, contextCell } = options;
  const toolchains = remember(async (): Promise<readonly [T, ...T[]]> => {
    const found = await options.find();
    const all = Array.isArray(found) ? (found as unknown as readonly [T, ...T[]]) : ([found as T] as const);
    for (const each of all) refuseHidden(each);
    return all;
  });
  const described = { ...about, ...(image ? { image: image.image } : {}) };
  const find = async ({ version, toolchain }: Pick<PlanInput, 'version' | 'toolchain'>): Promise<T> => {
    if (toolchain === 'image' && image) return image.toolchain;
    const all = await toolchains().catch((thrown: unknown) => {
      if (!(thrown instanceof ToolchainUnusable)) throw thrown;
      throw new SoulboxError('language_unavailable', `${about.name}: ${thrown.message}`, { cause: thrown });
    });
    return choose(about.name, all, version);
  };
  const { name, aliases, extensions, detection } = about;
  return {
    about: () => Promise.resolve({ name, aliases, extensions, ...(detection ? { detection } : {}) }),
    async describe() {
      try {
        const all = await toolchains();
        const versions = all.map((each) => each.version);
        const paths = all.length === 1 ? all[0].paths : outermost(all.flatMap((each) => each.paths));
        return { ...described, version: all[0].version, versions, available: true, reason: null, paths };
      } catch (thrown) {
        if (!(thrown instanceof ToolchainUnusable)) throw thrown;
        onUnusable(thrown.detail);
        return { ...described, version: '', versions: [], available: false, reason: thrown.message, paths: [] };
      }
    },
    plan: async (input) => options.plan(input, await find(input)),
    ...(diagnose ? { diagnose } : {}),
    ...(dependencies ? { dependencies: async (input) => dependencies(input, await find(input)) } : {}),
    ...(context ? { context: async (input) => context(await find(input)) } : {}),
    ...(contextCell ? { contextCell } : {}),
  };
}
