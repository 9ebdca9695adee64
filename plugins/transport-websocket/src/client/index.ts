import type { ConnectRemote, RemoteClient, StreamItem } from '@soulbox/plugin-sdk';
import { dial, type Address } from './dial.ts';
import { EventQueue } from './event-queue.ts';
import { Link } from './link.ts';

type Options = { readonly signal?: AbortSignal };

/** A host at the other end of WebSockets: one for calls, and one for each stream, which its consumer may stall. */
class WebSocketClient implements RemoteClient {
  private readonly address: Address;
  private readonly calls: Link;
  private readonly streams = new Set<Link>();

  constructor(address: Address, calls: Link) {
    this.address = address;
    this.calls = calls;
  }

  call(operation: string, params: unknown, { signal }: Options = {}): Promise<unknown> {
    return this.calls.request(operation, params, signal);
  }

  /** Leaving the loop early only stops watching; to stop the operation, abort the signal. */
  async *stream(operation: string, params: unknown, { signal }: Options = {}): AsyncIterable<StreamItem> {
    const socket = await dial(this.address);
    const queue = new EventQueue((paused) => (link.paused = paused));
    const link = new Link(socket, (event) => queue.push(event));
    this.streams.add(link);
    try {
      const answer = link.request(operation, params, signal).finally(() => queue.end());
      // Awaited below; should the consumer leave before, nobody would.
      answer.catch(() => undefined);
      for await (const event of queue) yield { event };
      yield { result: await answer };
    } finally {
      this.streams.delete(link);
      await link.close();
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.calls, ...this.streams].map((link) => link.close()));
  }
}

/**
 * Connects to a host at a `ws:` or `wss:` URL.
 * @throws unauthenticated, unreachable, invalid_params
 */
export const connect: ConnectRemote = async ({ url, key }) => {
  const address = { url, key };
  // Notifications go to the connection that asked for them, and this one does not.
  return new WebSocketClient(address, new Link(await dial(address), () => undefined));
};
