import type { Duplex } from 'node:stream';
import type { JSONRPCServer } from 'json-rpc-2.0';
import type { WebSocket } from 'ws';
import {
  SoulboxError,
  toSoulboxError,
  type Credentials,
  type PluginContext,
  type Principal,
} from '@soulbox/plugin-sdk';
import { anonymousError } from './answers.ts';
import { CallRunner } from './call-runner.ts';
import type { WebSocketConfig } from './config.ts';
import { readFrame, type CallId } from './frame.ts';
import { Heartbeat } from './heartbeat.ts';
import { Outbox } from './outbox.ts';
import type { Call, Session } from './rpc.ts';

/** Who showed which key, so that it can be checked again. */
export interface Login {
  readonly credentials: Credentials;
  readonly principal: Principal;
}

export interface ConnectionOptions {
  readonly config: WebSocketConfig;
  readonly rpc: JSONRPCServer<Call>;
  readonly log: PluginContext['log'];
  /** The address of the peer. */
  readonly remote: string | null;
  /** Of the upgrade request; `null` where it carried no key. */
  readonly login: Login | null;
  /** @throws unauthenticated, auth_unavailable */
  readonly authenticate: (credentials: Credentials) => Promise<Principal>;
}

const goingAway = 1001;
const unsupportedData = 1003;
const tooBig = 1009;
const unauthorized = 4401;

// Until a key was shown a peer may make the host hold this much and no more.
const maxBytesBeforeLogin = 64 * 1024;
// A batch or a few large calls may wait while another is sent; what one peer makes the host hold stays bounded.
const messagesInFlight = 4;

/** One peer: takes its messages, has its calls run, and sends the answers and events. */
export class Connection implements Session {
  private readonly options: ConnectionOptions;
  private readonly socket: WebSocket;
  private readonly outbox: Outbox;
  private readonly heartbeat: Heartbeat;
  private readonly runner: CallRunner;
  private readonly closed: Promise<void>;
  private shown: Login | null;
  private loginPending = false;
  private suspension: SoulboxError | null = null;
  private draining: SoulboxError | null = null;
  private undoLoginLimits: () => void = () => undefined;

  constructor(socket: WebSocket, transport: Duplex, options: ConnectionOptions) {
    const { config, login } = options;
    this.options = options;
    this.socket = socket;
    this.shown = login;
    this.outbox = new Outbox(socket, config, () => this.heartbeat.sign());
    this.heartbeat = new Heartbeat(socket, { ...config, excused: () => this.outbox.full });
    this.runner = new CallRunner(this, options.rpc, this.outbox, {
      maxInFlight: config.maxInFlight,
      maxInFlightBytes: config.maxPayloadBytes * messagesInFlight,
      log: options.log,
    });
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    // The library has closed the connection with the right code by then.
    socket.on('error', (error) =>
      options.log.debug({ err: error, remote: options.remote }, 'a peer broke the protocol'),
    );
    socket.on('message', (data, isBinary) => this.receive(data as Buffer, isBinary));
    if (!login) this.limitUntilLogin(transport);
  }

  get principal(): Principal | null {
    return this.shown?.principal ?? null;
  }

  get credentials(): Credentials | null {
    return this.shown?.credentials ?? null;
  }

  get refusal(): SoulboxError | null {
    return this.draining ?? this.suspension;
  }

  /** Bytes that wait for the peer to read them. */
  get buffered(): number {
    return this.outbox.buffered;
  }

  async login(token: string): Promise<Principal> {
    if (this.shown || this.loginPending) throw new SoulboxError('conflict', 'this connection is already logged in');
    this.loginPending = true;
    const credentials = { scheme: 'bearer', value: token, remote: this.options.remote };
    try {
      const principal = await this.options.authenticate(credentials);
      this.shown = { credentials, principal };
      this.undoLoginLimits();
      return principal;
    } catch (error) {
      // One guess per connection; the answer goes out before the close.
      setImmediate(() => this.expel('the key was not accepted'));
      throw error;
    } finally {
      this.loginPending = false;
    }
  }

  cancel(id: CallId): boolean {
    return this.runner.cancel(id);
  }

  async notify(method: string, params: unknown): Promise<boolean> {
    void this.outbox.send(JSON.stringify({ jsonrpc: '2.0', method, params }));
    return this.outbox.room();
  }

  /** The key was checked again: who holds it now. */
  confirm(principal: Principal): void {
    if (this.shown) this.shown = { ...this.shown, principal };
    this.suspension = null;
  }

  /** The key cannot be checked now, so it is good for nothing until it can be. */
  suspend(reason: SoulboxError): void {
    this.suspension = reason;
  }

  /** Ends the connection of a peer that may not be here. */
  expel(reason: string): void {
    this.socket.close(unauthorized, reason);
  }

  /** Refuses new calls, and closes once those that run are answered. */
  async drain(): Promise<void> {
    this.draining ??= new SoulboxError('draining', 'the host is shutting down');
    await Promise.race([this.runner.idle(), this.closed]);
    this.socket.close(goingAway, 'the host is shutting down');
    await this.closed;
  }

  /** Closes without waiting for calls. */
  leave(): void {
    this.socket.close(goingAway, 'the host is shutting down');
  }

  private receive(data: Buffer, isBinary: boolean): void {
    this.heartbeat.sign();
    if (isBinary) return this.socket.close(unsupportedData, 'messages must be text');
    try {
      this.runner.run(readFrame(data, this.options.config), data.length);
    } catch (error) {
      this.outbox.refuse(anonymousError(toSoulboxError(error)));
    }
  }

  private limitUntilLogin(transport: Duplex): void {
    let received = 0;
    const count = (chunk: Buffer): void => {
      received += chunk.length;
      if (received > maxBytesBeforeLogin) this.socket.close(tooBig, 'too much before login');
    };
    const timer = setTimeout(() => this.expel('no login in time'), this.options.config.authTimeoutMs);
    this.undoLoginLimits = () => {
      clearTimeout(timer);
      transport.off('data', count);
    };
    transport.on('data', count);
    this.socket.once('close', this.undoLoginLimits);
  }
}
