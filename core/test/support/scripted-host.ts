import { definePlugin, Store, type HookTaps, type Principal } from '@soulbox/plugin-sdk';
import {
  createTestHost,
  MemoryStore,
  ScriptedDriver,
  scriptedSandbox,
  testPrincipal,
  type TestHost,
} from '@soulbox/plugin-sdk/testing';

/** One commit that a {@link FaultyStore} is asked for; returning an error makes it fail. */
export type Fault = (changes: Parameters<MemoryStore['commit']>[0]) => Error | undefined | Promise<Error | undefined>;

/** A store whose writes fail where a test says so. */
export class FaultyStore extends MemoryStore {
  fault: Fault = () => undefined;

  override async commit(changes: Parameters<MemoryStore['commit']>[0]): Promise<readonly number[]> {
    const error = await this.fault(changes);
    if (error) throw error;
    return super.commit(changes);
  }
}

/** Whether a commit is the one that writes an execution's final state. */
export function settles(changes: Parameters<MemoryStore['commit']>[0]): boolean {
  return changes.some((c) => c.op === 'put' && c.collection === 'executions' && c.value['status'] === 'settled');
}

/** Whether a commit is the one that accepts an execution. */
export function accepts(changes: Parameters<MemoryStore['commit']>[0]): boolean {
  return changes.some((c) => c.op === 'put' && c.collection === 'executions' && c.value['status'] === 'running');
}

export function storePlugin(store: Store) {
  return definePlugin({ id: 'given-store', provides: [Store], setup: (context) => context.provide(Store, store) });
}

export interface ScriptedHostOptions<D extends ScriptedDriver = ScriptedDriver> {
  readonly driver?: D;
  readonly store?: MemoryStore;
  /** Taps hooks as a plugin named `taps`. */
  readonly tap?: (hooks: HookTaps) => void;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly plugins?: NonNullable<Parameters<typeof createTestHost>[0]>['plugins'];
  readonly listen?: boolean;
}

export interface ScriptedHost extends TestHost {
  readonly driver: ScriptedDriver;
  readonly store: MemoryStore;
}

/** A host in this process with a scripted driver and a store at hand. */
export async function scriptedHost(options: ScriptedHostOptions = {}): Promise<ScriptedHost> {
  const { driver = new ScriptedDriver(), store = new FaultyStore(), tap, config = {}, plugins = {} } = options;
  const taps = definePlugin({ id: 'taps', setup: (context) => tap?.(context.hooks) });
  const permissions = { hooks: ['*', 'sandbox.creating', 'live.planning', 'auth.authenticate'] };
  const packageJson = {
    name: 'taps',
    version: '1.0.0',
    engines: { soulbox: '^1.0.0' },
    soulbox: { id: 'taps', permissions },
  };
  const host = await createTestHost({
    config,
    listen: options.listen ?? false,
    plugins: {
      'given-store': { plugin: storePlugin(store) },
      'scripted-sandbox': { plugin: scriptedSandbox(driver) },
      taps: { plugin: taps, packageJson },
      ...plugins,
    },
  });
  return { ...host, driver, store, [Symbol.asyncDispose]: host.stop };
}

export const stranger: Principal = { ...testPrincipal, id: 'stranger', tenant: 'elsewhere' };

/** Resolves when `condition` holds; the test's own deadline ends a wait in vain. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Shows `visit` each item until the end. */
export async function each<T>(items: AsyncIterable<T>, visit: (item: T) => unknown): Promise<void> {
  for await (const item of items) await visit(item);
}

/** Takes the first item and walks away. */
export async function leaveAfterOne(items: AsyncIterable<unknown>): Promise<void> {
  const iterator = items[Symbol.asyncIterator]();
  await iterator.next();
  await iterator.return?.();
}

export interface Gate {
  readonly passed: Promise<void>;
  open(): void;
}

/** Something that waits until the test lets it go on. */
export function gate(): Gate {
  let open = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}
