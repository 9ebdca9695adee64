import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Mishap = 'stall' | 'drop' | 'delay' | 'garbage' | 'error' | 'truncate' | 'nonsense' | 'forbid';

const errorAnswer = answer('500 Internal Server Error', '{"message":"boom /secret/path"}');
const nonsenseAnswer = answer('200 OK', '{"surprise":[1,2,3]}');

function answer(status: string, body: string): string {
  return `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** Stands before the socket of an engine, notes every request, and lets something happen to those that are chosen. */
export class EngineProxy {
  /** First line and body of each, in order. */
  readonly requests: string[] = [];
  readonly #folder: string;
  readonly #target: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #mishap: Mishap | undefined;
  #only = /^/;

  private constructor(folder: string, target: string) {
    this.#folder = folder;
    this.#target = target;
    this.#server = createServer((client) => this.#accept(client));
  }

  /** `target` is the path of the engine's socket. */
  static async start(target: string): Promise<EngineProxy> {
    const proxy = new EngineProxy(await mkdtemp(join(tmpdir(), 'soulbox-proxy-')), target);
    proxy.#server.listen(join(proxy.#folder, 'docker.sock'));
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get host(): string {
    return `unix://${join(this.#folder, 'docker.sock')}`;
  }

  /** From now on this happens to requests whose first line matches; nothing any more without a mishap. */
  let(mishap?: Mishap, only = /^/): void {
    this.#mishap = mishap;
    this.#only = only;
  }

  /** Breaks every connection there is. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #accept(client: Socket): void {
    const upstream = connect(this.#target);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    let isTruncated = false;
    client.on('data', (chunk: Buffer) => {
      const line = /^(GET|HEAD|POST|PUT|DELETE) \S+/.exec(chunk.toString('latin1', 0, 4096))?.[0];
      if (line !== undefined) this.requests.push(chunk.toString());
      const mishap = line !== undefined && this.#only.test(line) ? this.#mishap : undefined;
      isTruncated ||= mishap === 'truncate';
      this.#forward(mishap, chunk, client, upstream);
    });
    upstream.on('data', (chunk: Buffer) => {
      if (isTruncated) client.end(chunk.subarray(0, 60));
      else client.write(chunk);
    });
  }

  #forward(mishap: Mishap | undefined, chunk: Buffer, client: Socket, upstream: Socket): void {
    switch (mishap) {
      case 'stall':
        return;
      case 'drop':
        client.destroy();
        return;
      case 'garbage':
        client.end(randomBytes(512));
        return;
      case 'error':
        client.write(errorAnswer);
        return;
      case 'nonsense':
        client.write(nonsenseAnswer);
        return;
      case 'forbid':
        // An engine whose rules are stricter than what it is asked for.
        upstream.write(chunk.toString('latin1').replaceAll('mount_setattr', 'no_such_call_'), 'latin1');
        return;
      case 'delay':
        setTimeout(() => upstream.write(chunk), 150);
        return;
      default:
        upstream.write(chunk);
    }
  }
}
