import { WebSocket } from 'ws';
import { fromErrorBody, SoulboxError, type ErrorCode } from '@soulbox/plugin-sdk';
import { keepAlive } from './keep-alive.ts';

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: SoulboxError) => void;
}

interface Message {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message?: unknown; readonly data?: object };
}

const closeCodes: Readonly<Record<number, ErrorCode>> = {
  1001: 'draining',
  1009: 'payload_too_large',
  4401: 'unauthenticated',
};
const protocolError = 1002;
const keepAliveOptions = { pingMs: 4_000, silenceMs: 30_000 };

/** One connection to a host: requests with their answers, and notifications. */
export class Link {
  private readonly socket: WebSocket;
  private readonly onEvent: (event: unknown) => void;
  private readonly pending = new Map<number, Pending>();
  private readonly gone: Promise<void>;
  private lastId = 0;
  private end: SoulboxError | undefined;

  /** `onEvent` gets what notifications carry, in order. */
  constructor(socket: WebSocket, onEvent: (event: unknown) => void) {
    this.socket = socket;
    this.onEvent = onEvent;
    keepAlive(socket, keepAliveOptions);
    socket.on('message', (data) => this.receive((data as Buffer).toString('utf8')));
    this.gone = new Promise((resolve) => {
      socket.once('close', (code, reason) => {
        this.fail(
          new SoulboxError(closeCodes[code] ?? 'unreachable', `the connection was lost: ${reason.toString() || code}`),
        );
        resolve();
      });
    });
  }

  /**
   * Calls a method. Aborting asks the host to cancel; its answer still decides what comes of the call.
   * @throws SoulboxError: the host's, or unreachable when the connection is lost.
   */
  async request(method: string, params: unknown, signal?: AbortSignal): Promise<unknown> {
    if (signal?.aborted) throw new SoulboxError('cancelled', 'the caller cancelled it');
    if (this.end) throw this.end;
    const id = ++this.lastId;
    const cancel = () => this.send({ jsonrpc: '2.0', method: '$/cancel', params: { id } });
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      return await new Promise((resolve, reject) => {
        this.pending.set(id, { resolve, reject });
        this.send({ jsonrpc: '2.0', id, method, params });
      });
    } finally {
      this.pending.delete(id);
      signal?.removeEventListener('abort', cancel);
    }
  }

  /** Stops or goes on reading from the host, which in turn stops or goes on producing. */
  set paused(paused: boolean) {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    if (paused) this.socket.pause();
    else this.socket.resume();
  }

  /** Calls that are not answered fail with `cancelled`; the host goes on with what it accepted. */
  async close(): Promise<void> {
    this.fail(new SoulboxError('cancelled', 'this client was closed'));
    this.paused = false;
    this.socket.close();
    await this.gone;
  }

  private send(message: object): void {
    this.socket.send(JSON.stringify(message), () => undefined);
  }

  private receive(text: string): void {
    let message: Message | null;
    try {
      message = JSON.parse(text) as Message | null;
    } catch {
      return this.socket.close(protocolError, 'not JSON');
    }
    if (typeof message?.method === 'string') return this.onEvent(message.params);
    if (typeof message?.id !== 'number') return;
    const pending = this.pending.get(message.id);
    const { error } = message;
    if (error) pending?.reject(fromErrorBody({ message: error.message, ...error.data }));
    else pending?.resolve(message.result);
  }

  private fail(error: SoulboxError): void {
    this.end ??= error;
    for (const { reject } of this.pending.values()) reject(this.end);
  }
}
