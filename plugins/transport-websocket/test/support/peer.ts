import { once } from 'node:events';
import { WebSocket, type ClientOptions } from 'ws';
import { suiteKey } from '@soulbox/plugin-sdk/conformance';

/** A JSON-RPC message as it came. */
export interface Message {
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data: Record<string, unknown> };
  readonly method?: string;
  readonly params?: Record<string, unknown>;
}

/** A client without manners: sends what it is told and keeps what it gets. */
export class Peer implements AsyncDisposable {
  readonly socket: WebSocket;
  /** Resolves with code and reason. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  private readonly messages: Message[] = [];
  private readonly waiting: { resolve(message: Message): void; reject(error: Error): void }[] = [];

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('error', () => undefined);
    socket.on('message', (data) => {
      const message = JSON.parse((data as Buffer).toString()) as Message;
      const waiting = this.waiting.shift();
      if (waiting) waiting.resolve(message);
      else this.messages.push(message);
    });
    this.closed = new Promise((resolve) =>
      socket.once('close', (code, reason) => {
        for (const { reject } of this.waiting) reject(new Error(`closed with ${code} ${reason.toString()}`));
        resolve({ code, reason: reason.toString() });
      }),
    );
  }

  /** With the key of the suite, unless `key` is `null`. */
  static async open(url: string, key: string | null = suiteKey, options: ClientOptions = {}): Promise<Peer> {
    const headers = key === null ? {} : { authorization: `Bearer ${key}` };
    const peer = new Peer(new WebSocket(url, { ...options, headers: { ...headers, ...options.headers } }));
    await once(peer.socket, 'open');
    return peer;
  }

  send(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }

  /** Sends the bytes of a message as they are. */
  sendText(text: string | Buffer): void {
    this.socket.send(text, { binary: false });
  }

  /** The next message, unless the connection ends first: an answer, a notification, or for a batch an array. */
  next(): Promise<Message> {
    const message = this.messages.shift();
    if (message !== undefined) return Promise.resolve(message);
    if (this.socket.readyState === WebSocket.CLOSED) return Promise.reject(new Error('closed'));
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  async call(method: string, params?: unknown, id: unknown = 1): Promise<Message> {
    this.send({ jsonrpc: '2.0', id, method, params });
    return this.next();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.terminate();
    await this.closed;
  }
}

/** What an error answer says about the case at hand. */
export function detailsOf(error: Message['error']): Record<string, unknown> {
  return (error?.data['details'] ?? {}) as Record<string, unknown>;
}

/** The catalogue's code of an error answer. */
export function codeOf(message: Message): unknown {
  return message.error?.data['code'];
}
