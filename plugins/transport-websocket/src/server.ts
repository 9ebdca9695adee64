import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocketServer, type ServerOptions } from 'ws';
import {
  SoulboxError,
  type Api,
  type Credentials,
  type PluginContext,
  type Principal,
  type Transport,
} from '@soulbox/plugin-sdk';
import { bind, urlHost } from '@soulbox/plugin-sdk/listening';
import { checkRequest, checkUpgrade, hostNames, readCredentials } from './admission.ts';
import type { WebSocketConfig } from './config.ts';
import { Connection, type Login } from './connection.ts';
import { errorAnswer, jsonAnswer, writeAnswer, type HttpAnswer } from './http-answer.ts';
import { KeyChecks } from './key-checks.ts';
import { OperationIndex } from './operation-index.ts';
import { createRpcServer } from './rpc.ts';

const closeGraceMs = 500;
// A peer that was told to leave and does not is cut off after this long.
const closeTimeoutMs = 5_000;
// Requests that are no WebSocket yet come on top of those that are.
const spareConnections = 64;

/** Waits for a promise that never rejects, but no longer than `ms`. */
async function withinMs(promise: Promise<unknown>, ms: number): Promise<void> {
  const timer = new AbortController();
  await Promise.race([promise, delay(ms, undefined, { signal: timer.signal }).catch(() => undefined)]);
  timer.abort();
}

/** Serves the operations as JSON-RPC 2.0 over WebSocket. */
export class WebSocketTransport implements Transport {
  private readonly api: Api;
  private readonly config: WebSocketConfig;
  private readonly log: PluginContext['log'];
  private readonly operations: OperationIndex;
  private readonly rpc: ReturnType<typeof createRpcServer>;
  private readonly http: Server;
  private readonly upgrades: WebSocketServer;
  private readonly connections = new Set<Connection>();
  private readonly sockets = new Set<Duplex>();
  private readonly keyChecks: KeyChecks;
  private hosts: ReadonlySet<string> = new Set();
  private state: 'new' | 'listening' | 'draining' = 'new';

  constructor(api: Api, config: WebSocketConfig, log: PluginContext['log']) {
    this.api = api;
    this.config = config;
    this.log = log;
    this.operations = new OperationIndex(api);
    this.rpc = createRpcServer(api, this.operations, log);
    this.keyChecks = new KeyChecks(this.connections, (credentials) => this.authenticate(credentials), config.recheckMs);
    this.http = this.createHttpServer();
    const options: ServerOptions & { closeTimeout: number } = {
      noServer: true,
      clientTracking: false,
      maxPayload: config.maxPayloadBytes,
      // Many tiny pieces cost far more memory than their bytes.
      maxFragments: 1024,
      maxBufferedChunks: 16 * 1024,
      perMessageDeflate: false,
      handleProtocols: () => false,
      closeTimeout: closeTimeoutMs,
    };
    this.upgrades = new WebSocketServer(options);
    this.upgrades.on('wsClientError', (error, socket) =>
      writeAnswer(socket, errorAnswer(new SoulboxError('invalid_request', error.message))),
    );
  }

  async listen(): Promise<{ readonly url: string }> {
    if (this.state !== 'new') throw new SoulboxError('conflict', 'this transport has been started before');
    this.state = 'listening';
    let port: number;
    try {
      if (this.config.public) await this.refuseAnonymousHost();
      port = await bind(this.http, this.config);
    } catch (error) {
      this.state = 'new';
      throw error;
    }
    this.hosts = hostNames(this.config, port);
    this.keyChecks.start();
    return { url: `ws://${urlHost(this.config.host)}:${port}${this.config.path}` };
  }

  /** Until it is over, new connections get an answer that says so. */
  async close({ deadlineMs }: { readonly deadlineMs: number }): Promise<void> {
    this.state = 'draining';
    const drained = Promise.all([...this.connections].map((connection) => connection.drain()));
    await withinMs(drained, deadlineMs);
    this.keyChecks.stop();
    for (const connection of this.connections) connection.leave();
    await withinMs(drained, closeGraceMs);
    const closed = new Promise<void>((resolve) => this.http.close(() => resolve()));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  /** To be called when plugins come or go: their operations do as well. */
  operationsChanged(): void {
    this.operations.forget();
  }

  /** How much is connected and, in bytes, waits to be read by its peer. */
  stats(): { readonly connections: number; readonly bufferedBytes: number } {
    const bufferedBytes = [...this.connections].reduce((sum, connection) => sum + connection.buffered, 0);
    return { connections: this.connections.size, bufferedBytes };
  }

  private createHttpServer(): Server {
    const { headersTimeoutMs, requestTimeoutMs, maxConnections } = this.config;
    const http = createServer({
      headersTimeout: headersTimeoutMs,
      requestTimeout: Math.max(requestTimeoutMs, headersTimeoutMs),
      connectionsCheckingInterval: Math.min(1_000, headersTimeoutMs),
      maxHeaderSize: 16 * 1024,
      requireHostHeader: true,
      insecureHTTPParser: false,
    });
    // Zero is no limit: Node drops what is beyond one without a word, and with it perhaps an Origin.
    http.maxHeadersCount = 0;
    http.maxConnections = maxConnections + spareConnections;
    http.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    http.on('request', (request, response) => {
      const { status, headers, body } = this.answer(request);
      response.writeHead(status, headers).end(body);
    });
    http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', () => socket.destroy());
      this.upgrade(request, socket, head).catch((error: unknown) => writeAnswer(socket, errorAnswer(error)));
    });
    return http;
  }

  private answer(request: IncomingMessage): HttpAnswer {
    try {
      checkRequest(request, this.hosts);
      this.refuseWhileDraining();
    } catch (error) {
      return errorAnswer(error);
    }
    if (request.url === '/healthz' && (request.method === 'GET' || request.method === 'HEAD'))
      return jsonAnswer(200, { status: 'ok' });
    return errorAnswer(new SoulboxError('not_found', `this is a WebSocket host; connect to ${this.config.path}`));
  }

  private async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    checkRequest(request, this.hosts);
    this.refuseWhileDraining();
    checkUpgrade(request, this.config);
    const credentials = readCredentials(request);
    const login = credentials && { credentials, principal: await this.authenticate(credentials) };
    this.refuseWhileDraining();
    if (this.connections.size >= this.config.maxConnections)
      throw new SoulboxError('overloaded', 'too many connections', { details: { retryAfterMs: 1_000 } });
    this.upgrades.handleUpgrade(request, socket, head, (webSocket) => {
      const remote = request.socket.remoteAddress ?? null;
      this.accept(new Connection(webSocket, socket, this.connectionOptions(remote, login ?? null)), webSocket);
    });
  }

  private connectionOptions(remote: string | null, login: Login | null) {
    const authenticate = (credentials: Credentials) => this.authenticate(credentials);
    return { config: this.config, rpc: this.rpc, log: this.log, remote, login, authenticate };
  }

  private accept(connection: Connection, webSocket: { once(event: 'close', listener: () => void): unknown }): void {
    this.connections.add(connection);
    webSocket.once('close', () => this.connections.delete(connection));
  }

  private refuseWhileDraining(): void {
    if (this.state === 'draining') throw new SoulboxError('draining', 'the host is shutting down');
  }

  /** @throws unauthenticated, and auth_unavailable when there is no answer in time. */
  private async authenticate(credentials: Credentials): Promise<Principal> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      const late = new SoulboxError('auth_unavailable', 'the key could not be checked in time');
      timer = setTimeout(() => reject(late), this.config.authTimeoutMs);
    });
    try {
      return await Promise.race([this.api.authenticate(credentials), timeout]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** A host that lets in whoever shows nonsense must not be reachable from elsewhere. */
  private async refuseAnonymousHost(): Promise<void> {
    const nonsense = { scheme: 'bearer', value: 'nobody-has-this-key', remote: null };
    const admitted = await this.api.authenticate(nonsense).then(
      () => true,
      () => false,
    );
    if (admitted)
      throw new SoulboxError('config_invalid', 'public: true needs authentication, but this host lets in everybody');
  }
}
