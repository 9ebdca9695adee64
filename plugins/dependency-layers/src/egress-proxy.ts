import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import ipaddr from 'ipaddr.js';
import { SoulboxError } from '@soulbox/plugin-sdk';

export interface EgressOptions {
  /** Where boxes find it: a unix socket. */
  readonly path: string;
  /** `host:port` of what may be reached. */
  readonly allow: ReadonlySet<string>;
  /** Of those, what may have an address that is not public. */
  readonly private: ReadonlySet<string>;
  /** Told of each target that was refused, and why. */
  readonly onRefused: (target: string, why: string) => void;
}

const idleMs = 60_000;
const connectMs = 10_000;
/** Of a unix socket, in bytes. */
const longestPath = 107;

/** Why an address is not gone to. The name may belong to whoever wrote the package, so its address is looked at. */
function isPublic(address: string): boolean {
  const parsed = ipaddr.process(address);
  return parsed.range() === 'unicast';
}

/** A target of a request as `host:port`; `undefined` for what is none. */
function targetOf(text: string): { readonly host: string; readonly port: number; readonly name: string } | undefined {
  const { hostname, port } = URL.canParse(`tcp://${text}`) ? new URL(`tcp://${text}`) : { hostname: '', port: '' };
  if (hostname === '' || port === '') return undefined;
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port), name: `${hostname.toLowerCase()}:${port}` };
}

/** An HTTP proxy on a unix socket that leads to the hosts it was told and to nothing else. */
export class EgressProxy {
  private readonly options: EgressOptions;
  private readonly server: Server;
  private readonly sockets = new Set<Duplex>();

  private constructor(options: EgressOptions) {
    this.options = options;
    this.server = createServer({ requestTimeout: 0, headersTimeout: 10_000 });
    this.server.on('connection', (socket: Socket) => this.keep(socket));
    this.server.on('connect', (message: IncomingMessage, client: Duplex) => void this.tunnel(message, client));
    this.server.on('request', (message, response) => void this.forward(message, response));
  }

  /** @throws dependency_failed where the path is too long for a socket, which the kernel would cut */
  static async listen(options: EgressOptions): Promise<EgressProxy> {
    if (Buffer.byteLength(options.path) > longestPath)
      throw new SoulboxError('dependency_failed', 'host.dataDir has too long a path to build dependencies in');
    const proxy = new EgressProxy(options);
    proxy.server.listen(options.path);
    await once(proxy.server, 'listening');
    // Programs in boxes have users of their own; who reaches the folder that it lies in may use it.
    await chmod(options.path, 0o777);
    return proxy;
  }

  private keep<S extends Duplex>(socket: S): S {
    this.sockets.add(socket);
    return socket.on('close', () => this.sockets.delete(socket)).on('error', () => socket.destroy());
  }

  /** The address to connect to, looked up once: it is not asked for again under another answer. */
  private async allowed(text: string): Promise<{ readonly address: string; readonly port: number } | string> {
    const target = targetOf(text);
    if (!target) return 'not a host and port';
    const { allow, private: nonPublic } = this.options;
    if (!allow.has(target.name)) return 'not on the list';
    const address = isIP(target.host) ? target.host : (await lookup(target.host).catch(() => undefined))?.address;
    if (address === undefined) return 'its name has no address';
    if (!isPublic(address) && !nonPublic.has(target.name)) return 'its address is not a public one';
    return { address, port: target.port };
  }

  private async tunnel(message: IncomingMessage, client: Duplex): Promise<void> {
    const target = message.url ?? '';
    const found = await this.allowed(target);
    if (typeof found === 'string') {
      this.options.onRefused(target, found);
      client.end(`HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const upstream = this.keep(connect({ host: found.address, port: found.port, timeout: connectMs }));
    upstream
      .once('timeout', () => upstream.destroy())
      .once('connect', () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        upstream.setTimeout(idleMs);
        client.pipe(upstream).pipe(client);
      });
    upstream.once('close', () => client.destroy());
    client.once('close', () => upstream.destroy());
  }

  private async forward(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = message.url ?? '';
    const url = URL.canParse(target) ? new URL(target) : undefined;
    const refuse = (why: string) => {
      this.options.onRefused(target, why);
      response.writeHead(403, { 'content-length': 0 }).end();
    };
    if (url?.protocol !== 'http:') return refuse('not an http address');
    const found = await this.allowed(`${url.hostname}:${url.port || '80'}`);
    if (typeof found === 'string') return refuse(found);
    const { 'proxy-connection': _hop, 'proxy-authorization': _credentials, ...headers } = message.headers;
    const upstream = request({
      host: found.address,
      port: found.port,
      method: message.method,
      path: url.pathname + url.search,
      headers: { ...headers, host: url.host },
      timeout: idleMs,
    });
    upstream
      .on('timeout', () => upstream.destroy())
      .on('error', () => {
        if (!response.headersSent) response.writeHead(502, { 'content-length': 0 });
        response.end();
      });
    upstream.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    message.pipe(upstream);
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}
