import { once } from 'node:events';
import { WebSocket } from 'ws';

export interface RpcAnswer {
  readonly id: number | string | null;
  readonly result?: unknown;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data?: { readonly code: string; readonly details?: Record<string, unknown> };
  };
}

/** A bare WebSocket client that sends what it is told, well-formed or not. */
export class RawClient {
  readonly socket: WebSocket;
  private readonly answers: (RpcAnswer | RpcAnswer[])[] = [];
  private wake: (() => void) | undefined;
  /** Resolves with the close code. */
  readonly closed: Promise<number>;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString('utf8')) as { method?: string } & RpcAnswer;
      if (message.method === undefined) this.answers.push(message);
      this.wake?.();
    });
  }

  static async open(url: string, key: string): Promise<RawClient> {
    const socket = new WebSocket(url, { headers: { authorization: `Bearer ${key}` } });
    const client = new RawClient(socket);
    await once(socket, 'open');
    return client;
  }

  /** Sends text or bytes as they are and resolves with the next answer. */
  async send(message: string | Buffer): Promise<RpcAnswer | RpcAnswer[]> {
    this.socket.send(message);
    while (this.answers.length === 0) await new Promise<void>((resolve) => (this.wake = resolve));
    return this.answers.shift() as RpcAnswer;
  }

  /** Calls a method and resolves with its answer, error or not. */
  async call(method: string, params?: unknown): Promise<RpcAnswer> {
    return (await this.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }))) as RpcAnswer;
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }
}
