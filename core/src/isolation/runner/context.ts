import type { Logger } from 'pino';
import {
  hookCatalogue,
  inputJsonSchema,
  outputJsonSchema,
  parse,
  type AnyToken,
  type Disposer,
  type HealthStatus,
  type HookDefinition,
  type HookInfo,
  type HookName,
  type HookTaps,
  type OperationCall,
  type OperationDefinition,
  type OperationHandler,
  type PluginContext,
  type Schema,
  type Token,
} from '@soulbox/plugin-sdk';
import { bindMethods } from '../../bind-methods.ts';
import { Scope } from '../../scope.ts';
import { SkipSignal } from '../../plugins/skip-signal.ts';
import type { Bridge } from '../bridge.ts';
import { tokenData } from '../protocol.ts';

type Fn = (...args: unknown[]) => unknown;

/** What a host tells a runner of the instance that it shall set up. */
export interface InstanceData {
  readonly id: string;
  readonly deploymentId: string;
}

/** Hooks without a deadline of their own here have that of the host's guard; this only bounds the signal. */
const unknownHookMs = 30_000;

/** What a tap may use besides its arguments; most never look at the signal. */
class TapInfo implements HookInfo {
  readonly log: Logger;
  private readonly stopping: AbortSignal;
  private readonly until: number;

  constructor(log: Logger, stopping: AbortSignal, timeoutMs: number) {
    this.log = log;
    this.stopping = stopping;
    this.until = performance.now() + timeoutMs;
  }

  get signal(): AbortSignal {
    const left = Math.max(0, Math.ceil(this.until - performance.now()));
    return AbortSignal.any([AbortSignal.timeout(left), this.stopping]);
  }
}

/**
 * The context of a plugin in a process of its own. What it asks of the host crosses the bridge; the host's refusal of a
 * tap, service or operation makes set-up fail, or, when that is over, goes to the log.
 */
export class RunnerContext implements PluginContext {
  readonly id: string;
  readonly deploymentId: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly log: Logger;
  readonly hooks: HookTaps;
  readonly scope = new Scope();
  private readonly bridge: Bridge;
  private asked: Promise<unknown>[] | undefined = [];
  private lastHeld = 0;

  constructor(bridge: Bridge, instance: InstanceData, config: unknown, log: Logger) {
    this.bridge = bridge;
    this.id = instance.id;
    this.deploymentId = instance.deploymentId;
    this.config = config as Readonly<Record<string, unknown>>;
    this.log = log;
    this.hooks = {
      tap: (hook, fn, options) => {
        const ms = Math.min(options?.timeoutMs ?? Infinity, knownTimeoutMs(hook));
        const tap = (...args: unknown[]) => (fn as Fn)(...args, new TapInfo(this.log, this.signal, ms));
        return this.hold('tap', [hook, tap, options]);
      },
      define: (hook, definition) => this.hold('define', [hook, describeHook(definition)]),
      call: (hook, ...args) => this.bridge.root('callHook', [hook, ...args]) as never,
    };
    bindMethods(this);
  }

  get signal(): AbortSignal {
    return this.scope.signal;
  }

  private ask(name: string, args: readonly unknown[]): void {
    this.scope.assertOpen(name);
    const answered = this.bridge.root(name, args);
    if (this.asked) this.asked.push(answered);
    answered.catch((error: unknown) => {
      if (!this.asked) this.log.error({ err: error, request: name }, 'the host refused what the plugin asked for');
    });
  }

  /** Waits for all that set-up asked of the host. @throws the first refusal */
  async settled(): Promise<void> {
    const asked = this.asked ?? [];
    await Promise.all(asked);
    // What was asked for meanwhile is waited for as well.
    if (this.asked && this.asked.length > asked.length) await this.settled();
    this.asked = undefined;
  }

  private hold(name: 'tap' | 'define', args: readonly unknown[]): Disposable {
    this.lastHeld += 1;
    const id = this.lastHeld;
    this.ask(name, [id, ...args]);
    return { [Symbol.dispose]: () => this.bridge.tell('dispose', [id]) };
  }

  dataDir(): Promise<string> {
    return this.bridge.root('dataDir', []) as Promise<string>;
  }

  provide<T>(token: Token<T>, service: T, name?: string): void {
    this.ask('provide', [tokenData(token as AnyToken), service, name]);
  }

  operation<P extends Schema, R extends Schema>(
    { params, result, event, ...rest }: OperationDefinition<P, R>,
    handler: OperationHandler<P, R>,
  ): void {
    const data = {
      ...rest,
      params: inputJsonSchema(params),
      result: outputJsonSchema(result),
      event: event && outputJsonSchema(event),
    };
    const checked = (given: unknown, call: OperationCall) => handler(parse(params, given) as never, call);
    this.ask('operation', [data, checked]);
  }

  async effect(acquire: () => void | Disposer | Promise<void | Disposer>, label = 'effect'): Promise<void> {
    this.scope.assertOpen(label);
    const dispose = await acquire();
    if (typeof dispose !== 'function') return;
    // Stopped while it was being acquired: nobody else would give it back.
    if (this.signal.aborted) await dispose();
    else this.scope.add(label, dispose);
  }

  health(check: () => Promise<HealthStatus>): void {
    this.ask('health', [check]);
  }

  skip(reason: string): never {
    throw new SkipSignal(reason);
  }
}

function knownTimeoutMs(hook: HookName): number {
  return Object.hasOwn(hookCatalogue, hook) ? hookCatalogue[hook].timeoutMs : unknownHookMs;
}

function describeHook({ result, ...rest }: HookDefinition): unknown {
  return { ...rest, ...(result ? { result: outputJsonSchema(result) } : {}) };
}
