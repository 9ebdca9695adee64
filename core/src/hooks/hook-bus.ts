import { AsyncParallelHook, AsyncSeriesBailHook, AsyncSeriesHook, AsyncSeriesWaterfallHook } from 'tapable';
import {
  hookCatalogue,
  SoulboxError,
  type HookArguments,
  type HookDefinition,
  type HookName,
  type HookResult,
  type Hooks,
  type Tap,
  type TapOptions,
} from '@soulbox/plugin-sdk';
import type { CallMeter } from '../measure/call-meter.ts';
import { assertHookDefinition, assertTapOptions } from './check.ts';
import { guarded } from './guard.ts';
import { makeTap, rebindTap, tapMetrics, type TapEntry, type TapMetrics, type TapOwner } from './tap.ts';

type Run = (...args: unknown[]) => Promise<unknown>;
type Compiled = { tapPromise(options: { name: string; stage: number }, fn: Run): void; promise: Run };

interface HookEntry {
  readonly definition: HookDefinition;
  readonly owner: string;
  readonly taps: Set<TapEntry>;
  /** tapable's compiled form of the present taps; made on the first call and dropped with every change. */
  compiled: Compiled | undefined;
}

/** The answer where nobody is asked: one for all calls, so that they cost next to nothing. */
const nobody = Promise.resolve(undefined);

const constructors = {
  series: () => new AsyncSeriesHook(['arg']),
  parallel: () => new AsyncParallelHook(['arg']),
  bail: () => new AsyncSeriesBailHook(['arg']),
  waterfall: () => new AsyncSeriesWaterfallHook<[unknown, unknown]>(['value', 'arg']),
};

/** Hooks, their taps and the calls of them. Owns the taps; tapable only runs lists of them that do not change. */
export class HookBus {
  private readonly hooks = new Map<string, HookEntry>();
  /** Taps of hooks whose owner withdrew them. */
  private readonly orphans = new Map<string, Set<TapEntry>>();

  constructor() {
    for (const [name, definition] of Object.entries(hookCatalogue)) this.add('core', name, definition);
  }

  /** @throws plugin_failed when the hook exists, has a foreign name, or a definition that cannot be kept. */
  define(owner: string, name: string, definition: HookDefinition): Disposable {
    if (!name.startsWith(`${owner}.`))
      throw new SoulboxError('plugin_failed', `plugin ${owner} may only define hooks named ${owner}.*, not ${name}`);
    if (this.hooks.has(name)) throw new SoulboxError('plugin_failed', `hook ${name} is defined twice`);
    assertHookDefinition(name, definition);
    this.add(owner, name, definition);
    return { [Symbol.dispose]: () => this.withdraw(name) };
  }

  /** Its taps are kept for when it is defined again: its owner is perhaps only being replaced. */
  private withdraw(name: string): void {
    const entry = this.hooks.get(name);
    this.hooks.delete(name);
    if (entry && entry.taps.size > 0) this.orphans.set(name, entry.taps);
  }

  private add(owner: string, name: string, definition: HookDefinition): void {
    const taps = this.orphans.get(name) ?? new Set();
    this.orphans.delete(name);
    for (const tap of taps) rebindTap(tap, definition);
    this.hooks.set(name, { definition, owner, taps, compiled: undefined });
  }

  /**
   * Adds a tap. `permitted` are the hooks that the owner's manifest lists, where `*` stands for those that are not
   * privileged; `all` is for core's own use.
   * @throws plugin_failed for an unknown hook, hook_not_permitted.
   */
  tap<N extends HookName>(
    owner: TapOwner,
    hook: N,
    fn: Tap<Hooks[N]>,
    options: TapOptions = {},
    permitted: readonly string[] | 'all' = ['*'],
  ): Disposable {
    const entry = this.hooks.get(hook);
    if (!entry) throw new SoulboxError('plugin_failed', `plugin ${owner.id} taps hook ${hook}, which does not exist`);
    if (typeof fn !== 'function')
      throw new SoulboxError(
        'plugin_failed',
        `plugin ${owner.id} taps hook ${hook} with something that is not a function`,
      );
    if (!mayTap(owner.id, hook, entry.definition, permitted)) {
      throw new SoulboxError('hook_not_permitted', `plugin ${owner.id} taps ${hook} without declaring it`, {
        details: { plugin: owner.id, hook },
      });
    }
    assertTapOptions(owner.id, hook, options);
    const tap = makeTap(hook, entry.definition, owner, fn, options);
    entry.taps.add(tap);
    entry.compiled = undefined;
    return {
      [Symbol.dispose]: () => {
        // Taps and entry may have been parted, and joined to a new one, by a reload of the hook's owner.
        entry.taps.delete(tap);
        const present = this.hooks.get(hook);
        if (present) present.compiled = undefined;
        if (entry.taps.size === 0 && this.orphans.get(hook) === entry.taps) this.orphans.delete(hook);
      },
    };
  }

  /** Whether calling the hook would call anyone: lets callers skip making the argument. */
  tapped(hook: HookName): boolean {
    return (this.hooks.get(hook)?.taps.size ?? 0) > 0;
  }

  /** The plugins that tap any of these hooks, each perhaps several times. */
  ownersOf(hooks: readonly HookName[]): string[] {
    return hooks.flatMap((hook) => [...(this.hooks.get(hook)?.taps ?? [])].map((tap) => tap.owner.id));
  }

  /**
   * Calls a hook: observers resolve with nothing, bail hooks with the first answer, waterfalls with the final value.
   * @throws hook_failed, hook_timeout, hook_invalid_result, or the tap's own SoulboxError, where the policy is `fail`.
   */
  call<N extends HookName>(hook: N, ...args: HookArguments<Hooks[N]>): Promise<HookResult<Hooks[N]>> {
    type Answer = Promise<HookResult<Hooks[N]>>;
    const entry = this.hooks.get(hook);
    if (!entry) return Promise.reject(new SoulboxError('internal', `hook ${hook} does not exist`));
    if (entry.taps.size === 0)
      return (entry.definition.kind === 'waterfall' ? Promise.resolve(args[0]) : nobody) as Answer;
    entry.compiled ??= compile(entry);
    return entry.compiled.promise(...args) as Answer;
  }

  /** The taps of one plugin and what is known of their calls. */
  metrics(owner: string): readonly TapMetrics[] {
    return this.tapsOf(owner).map(tapMetrics);
  }

  /** What measures the taps of one plugin. */
  meters(owner: string): readonly CallMeter[] {
    return this.tapsOf(owner).map(({ meter }) => meter);
  }

  private tapsOf(owner: string): TapEntry[] {
    return [...this.hooks.values()].flatMap((entry) => [...entry.taps].filter((tap) => tap.owner.id === owner));
  }
}

/** Hooks of its own need no permission. */
function mayTap(
  owner: string,
  hook: string,
  { privileged }: HookDefinition,
  permitted: readonly string[] | 'all',
): boolean {
  if (permitted === 'all' || permitted.includes(hook) || hook.startsWith(`${owner}.`)) return true;
  return privileged !== true && permitted.includes('*');
}

function compile(entry: HookEntry): Compiled {
  const hook = constructors[entry.definition.kind]() as unknown as Compiled;
  const ordered = [...entry.taps].toSorted((a, b) => a.stage - b.stage);
  for (const tap of ordered) hook.tapPromise({ name: tap.owner.id, stage: tap.stage }, (...args) => guarded(tap, args));
  return hook;
}
