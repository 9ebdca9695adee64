import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Address } from './ranges.ts';

const mostTried = 4;

/** A connection to the first of the addresses that takes it. Throws what the system said of the last. */
export async function connectOutside(
  addresses: readonly Address[],
  port: number,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<{ readonly socket: Socket; readonly address: Address }> {
  let failure: unknown;
  for (const address of addresses.slice(0, mostTried)) {
    const socket = connect({ host: address.toString(), port, allowHalfOpen: true });
    try {
      await once(socket, 'connect', { signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) });
      return { socket, address };
    } catch (error) {
      socket.destroy();
      failure = error;
      if (signal.aborted) break;
    }
  }
  throw failure;
}

/** In a word: `ECONNREFUSED`, `TimeoutError`. */
export function wordOf(error: unknown): string {
  const { code, name } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : name;
}
