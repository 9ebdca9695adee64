import { AsyncLocalStorage } from 'node:async_hooks';

const current = new AsyncLocalStorage<string>();

/** Runs code as a plugin's, so that what it throws later, out of a timer or a forgotten promise, is known to be its own. */
export function runAs<T>(plugin: string, fn: () => T): T {
  return current.run(plugin, fn);
}

/** The plugin whose code runs now, also inside the process's handlers of uncaught errors. */
export function currentPlugin(): string | undefined {
  return current.getStore();
}
