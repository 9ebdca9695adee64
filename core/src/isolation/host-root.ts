import type { HealthStatus, HookName, OperationDefinition, PluginContext, TapOptions } from '@soulbox/plugin-sdk';
import type { AnyFunction, Bridge } from './bridge.ts';
import { hookFrom, remoteSchema, tokenFrom, type HookData } from './protocol.ts';

type Fn = (...args: unknown[]) => unknown;
/** An operation as it crosses: JSON Schemas in the place of its schemas. */
type OperationData = Omit<OperationDefinition, 'params' | 'result' | 'event'> &
  Record<'params' | 'result' | 'event', unknown>;

/** What a plugin in another process asks of its context, done here on the context that the host made for it. */
export function hostRoot(context: PluginContext, bridge: Bridge): Readonly<Record<string, AnyFunction>> {
  const held = new Map<number, Disposable>();
  return {
    tap: (id: number, hook: HookName, tapped: unknown, options?: TapOptions) => {
      const remote = bridge.patient(tapped);
      // The guard of hooks has the deadline. What a tap may use besides its arguments, it gets on its own side.
      const tap = (...args: unknown[]) => remote(...args.slice(0, -1));
      held.set(id, context.hooks.tap(hook, tap as never, options));
    },
    define: (id: number, name: string, data: HookData) => {
      held.set(id, context.hooks.define(name, hookFrom(name, data)));
    },
    callHook: (hook: HookName, ...args: never[]) => context.hooks.call(hook, ...(args as never)),
    dispose: (id: number) => {
      held.get(id)?.[Symbol.dispose]();
      held.delete(id);
    },
    provide: (data: unknown, service: object, name?: string) => {
      context.provide(tokenFrom(data), service, name);
    },
    operation: ({ params, result, event, ...rest }: OperationData, handler: unknown) => {
      const remote = bridge.patient(handler);
      const schemas = { params: remoteSchema(params), result: remoteSchema(result) };
      const definition = { ...rest, ...schemas, ...(event ? { event: remoteSchema(event) } : {}) };
      // Called by the client's patience: `signal` ends it.
      context.operation(definition, async (given, call) => remote(given, call));
    },
    health: (check: Fn) => context.health(async () => (await check()) as HealthStatus),
    dataDir: () => context.dataDir(),
  };
}
