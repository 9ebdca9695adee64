import type { Logger } from 'pino';
import type { Credentials, Denial, Principal } from './contracts/auth.ts';
import type { ExecutionRequest, ExecutionResult, Limits } from './contracts/execution.ts';
import type { LivePlan, LiveRequest, LiveSandboxInfo } from './contracts/live-sandboxes.ts';
import type { LiveAgent } from './contracts/live.ts';
import type { SandboxInfo, SandboxSpec } from './contracts/sandbox.ts';
import type { Schema } from './schema.ts';

/** Observers, one after another, in the order of their taps. */
export type SeriesHook<A> = { readonly kind: 'series'; readonly arg: A };
/** Observers, all at once. */
export type ParallelHook<A> = { readonly kind: 'parallel'; readonly arg: A };
/** The first tap that answers decides; `undefined` and `null` abstain. */
export type BailHook<A, R> = { readonly kind: 'bail'; readonly arg: A; readonly result: R };
/** Each tap may return a changed value for the next; `undefined` leaves it as it is. */
export type WaterfallHook<V, A> = { readonly kind: 'waterfall'; readonly value: V; readonly arg: A };

/** How many boxes, or programs in a box, should wait ready. */
export interface PoolDemand {
  readonly want: number;
  /** Of boxes: tenants that have one whether they use it or not. */
  readonly keep?: readonly string[];
}

/** One pool of boxes, and how it is used. */
export interface PoolUse {
  readonly driver: string;
  /** What its boxes are made of; `null` where that is the host's own files. */
  readonly image: string | null;
  /** Boxes that wait for a tenant. */
  readonly ready: number;
  /** Boxes that tenants have. */
  readonly assigned: number;
  /** How often a tenant that had none has got a box, since the pool was made. */
  readonly taken: number;
  /** Now, in milliseconds since the epoch. */
  readonly at: number;
}

/** One kind of program that can wait in a box, and how it is used. */
export interface ProgramUse {
  readonly driver: string;
  readonly sandboxId: string;
  /** Whose box it is; `null` while it waits for a tenant. */
  readonly tenant: string | null;
  readonly language: string;
  /** Of the toolchain. */
  readonly version: string;
  readonly limits: Limits;
  /** How many were asked for last. */
  readonly waiting: number;
  /** Executions of it in the box now. */
  readonly running: number;
  /** Executions of it in the box so far. */
  readonly uses: number;
  /** When one was last wanted, in milliseconds since the epoch; `null` for never. */
  readonly usedAt: number | null;
  /** Now, in milliseconds since the epoch. */
  readonly at: number;
}

/** Every hook of the host. Plugins add their own by declaration merging and `defineHook`. */
export interface Hooks {
  'host.ready': SeriesHook<{ readonly addresses: readonly string[] }>;
  'host.draining': ParallelHook<{ readonly deadlineMs: number }>;
  'host.stopped': ParallelHook<{ readonly reason: string }>;
  'plugin.changed': ParallelHook<{
    readonly plugin: string;
    readonly from: string;
    readonly to: string;
    readonly reason: string | null;
  }>;
  'sandbox.creating': WaterfallHook<SandboxSpec, { readonly driver: string }>;
  'sandbox.created': ParallelHook<{ readonly sandbox: SandboxInfo; readonly driver: string }>;
  'sandbox.destroyed': ParallelHook<{
    readonly id: string;
    readonly driver: string;
    readonly reason: 'request' | 'idle' | 'outdated' | 'failed';
  }>;
  'live.planning': WaterfallHook<
    LivePlan,
    { readonly id: string; readonly request: LiveRequest; readonly principal: Principal; readonly driver: string }
  >;
  'live.filling': SeriesHook<{ readonly sandbox: LiveSandboxInfo; readonly agent: LiveAgent }>;
  'live.connected': SeriesHook<{ readonly sandbox: LiveSandboxInfo; readonly agent: LiveAgent }>;
  'live.ended': ParallelHook<{
    readonly sandbox: LiveSandboxInfo;
    readonly reason: 'request' | 'expired' | 'idle' | 'lost' | 'failed';
  }>;
  'auth.authenticate': BailHook<Credentials, Principal>;
  'auth.veto': BailHook<
    { readonly principal: Principal; readonly operation: string; readonly permission: string },
    Denial
  >;
  'auth.decided': ParallelHook<{
    readonly principal: Principal | null;
    readonly operation: string;
    readonly allowed: boolean;
    readonly reason: string | null;
  }>;
  'execution.before': WaterfallHook<ExecutionRequest, { readonly principal: Principal }>;
  'execution.veto': BailHook<{ readonly request: ExecutionRequest; readonly principal: Principal }, Denial>;
  'execution.lookup': BailHook<ExecutionRequest, ExecutionResult>;
  'execution.output': WaterfallHook<
    Uint8Array,
    {
      readonly id: string;
      readonly stream: 'stdout' | 'stderr';
      /** Whether this is the end of the stream: an empty piece, for taps that held something back. */
      readonly last: boolean;
    }
  >;
  'execution.after': WaterfallHook<ExecutionResult, { readonly request: ExecutionRequest }>;
  'execution.settled': ParallelHook<{ readonly request: ExecutionRequest; readonly result: ExecutionResult }>;
  'scaling.signal': WaterfallHook<PoolDemand, PoolUse>;
  'scaling.programs': WaterfallHook<PoolDemand, ProgramUse>;
  'scaling.changed': ParallelHook<{ readonly driver: string; readonly from: number; readonly to: number }>;
}
export type HookName = keyof Hooks;

/** What a tap may use besides its arguments. */
export interface HookInfo {
  /** Aborted when the tap's deadline passes or its plugin stops. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

type MaybePromise<T> = T | Promise<T>;

/** The function that a plugin taps into a hook. */
export type Tap<H> =
  H extends WaterfallHook<infer V, infer A>
    ? (value: V, arg: A, info: HookInfo) => MaybePromise<V | void | undefined>
    : H extends BailHook<infer A, infer R>
      ? (arg: A, info: HookInfo) => MaybePromise<R | void | undefined | null>
      : H extends { readonly arg: infer A }
        ? (arg: A, info: HookInfo) => MaybePromise<void>
        : never;

/** What calling a hook takes, by its kind. */
export type HookArguments<H> =
  H extends WaterfallHook<infer V, infer A>
    ? [value: V, arg: A]
    : H extends { readonly arg: infer A }
      ? [arg: A]
      : never;

/** What calling a hook gives, by its kind. */
export type HookResult<H> =
  H extends WaterfallHook<infer V, unknown> ? V : H extends BailHook<unknown, infer R> ? R | undefined : void;

export interface TapOptions {
  /** Before or after the taps that say nothing. */
  readonly order?: 'pre' | 'post';
  /** In milliseconds; may only shorten the hook's own deadline. */
  readonly timeoutMs?: number;
}

/** How the owner of a hook wants its taps called. */
export interface HookDefinition {
  readonly kind: 'series' | 'parallel' | 'bail' | 'waterfall';
  /** The deadline of one tap, in milliseconds. */
  readonly timeoutMs: number;
  /** `isolate`: a failing tap is logged and passed over. `fail`: its error is the caller's. */
  readonly onError: 'isolate' | 'fail';
  /** Only plugins whose manifest lists it under `soulbox.permissions.hooks` may tap it. */
  readonly privileged?: boolean;
  /** What a bail or waterfall tap may return. */
  readonly result?: Schema;
  readonly description: string;
}
