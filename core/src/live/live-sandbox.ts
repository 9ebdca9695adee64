import type { Logger } from 'pino';
import {
  SoulboxError,
  toSoulboxError,
  type LiveAgent,
  type OpenSandbox,
  type SandboxDriver,
  type Store,
} from '@soulbox/plugin-sdk';
import { ConnectedAgent, LiveConnection } from '@soulbox/plugin-sdk/live';
import { withDeadline } from '../deadline.ts';
import type { HookBus } from '../hooks/hook-bus.ts';
import { hasEnded, infoOf, liveCollection, toDocument, withEvent, type EndReason, type LiveRecord } from './record.ts';

export interface LiveParts {
  readonly store: Store;
  readonly hooks: HookBus;
  readonly log: Logger;
  /** How long a driver may take for one step. */
  readonly driverMs: number;
  /** It has ended, for whatever reason. */
  forget(id: string): void;
}

/** Timers take no more. */
const longestTimerMs = 2 ** 31 - 1;
/** How long a connection that ended is left before it is tried whether the sandbox still lives. */
const lookAgainMs = 100;
const lostCodes: ReadonlySet<string> = new Set(['sandbox_lost', 'not_found']);

const gone = (): SoulboxError => new SoulboxError('not_found', 'there is no such sandbox');

/** One sandbox that stays, as the host has it: its record, its connection, and when it is idle or over. */
export class LiveSandbox {
  record: LiveRecord;
  private readonly driver: SandboxDriver;
  private readonly parts: LiveParts;
  private connection: LiveConnection | undefined;
  private connecting: Promise<LiveAgent> | undefined;
  private agent: LiveAgent | undefined;
  /** Changes of its state are made one after another. */
  private changing: Promise<unknown> = Promise.resolve();
  private users = 0;
  private usedAt = performance.now();
  private idleTimer: NodeJS.Timeout | undefined;
  private expiryTimer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(record: LiveRecord, driver: SandboxDriver, parts: LiveParts) {
    this.record = record;
    this.driver = driver;
    this.parts = parts;
  }

  /** Writes the record; what it was stays in force where that fails. @throws storage_failed */
  async save(record: LiveRecord): Promise<void> {
    const { store } = this.parts;
    await store.commit([{ op: 'put', collection: liveCollection, id: record.id, value: toDocument(record) }]);
    this.record = record;
  }

  /** From now on it may become idle, and comes to its end. */
  watch(): void {
    this.usedAt = performance.now();
    this.armExpiry();
    this.armIdle();
  }

  private armExpiry(): void {
    clearTimeout(this.expiryTimer);
    const { expiresAt } = this.record;
    if (expiresAt === null || this.closed) return;
    const left = Math.max(0, expiresAt - Date.now());
    const due = () => (left > longestTimerMs ? this.armExpiry() : void this.endQuietly('expired'));
    this.expiryTimer = setTimeout(due, Math.min(left, longestTimerMs)).unref();
  }

  private armIdle(): void {
    clearTimeout(this.idleTimer);
    const { idleMs, state } = this.record;
    if (idleMs === null || state !== 'running' || this.users > 0 || this.closed) return;
    const left = this.usedAt + idleMs - performance.now();
    this.idleTimer = setTimeout(() => void this.becomeIdle(), Math.min(Math.max(0, left), longestTimerMs)).unref();
  }

  private async becomeIdle(): Promise<void> {
    const { idleMs, onIdle } = this.record;
    if (this.users > 0 || idleMs === null || performance.now() < this.usedAt + idleMs) return this.armIdle();
    if (onIdle === 'delete') return this.endQuietly('idle');
    await this.pause('idle').catch((error: unknown) => {
      this.parts.log.warn({ err: error, sandbox: this.record.id }, 'an idle sandbox could not be paused');
      // It is tried again when it was idle for as long once more.
      this.usedAt = performance.now();
      this.armIdle();
    });
  }

  /** @throws not_found, sandbox_paused, sandbox_lost, what a tap of `live.connected` throws */
  async open(): Promise<OpenSandbox> {
    this.users++;
    clearTimeout(this.idleTimer);
    let isReleased = false;
    const release = (): void => {
      if (isReleased) return;
      isReleased = true;
      this.users--;
      this.usedAt = performance.now();
      this.armIdle();
    };
    try {
      // What is under way may be the pause of an idle one.
      await this.changing;
      if (this.record.state === 'paused') await this.resumeForUse();
      return { info: infoOf(this.record), agent: await this.reach(), release };
    } catch (thrown) {
      release();
      throw thrown;
    }
  }

  private async resumeForUse(): Promise<void> {
    if (!this.record.autoResume) throw new SoulboxError('sandbox_paused', 'the sandbox is paused');
    await this.resume('use');
  }

  /** The connection there is, or a new one. @throws sandbox_lost, not_found */
  reach(): Promise<LiveAgent> {
    if (hasEnded(this.record) || this.closed) return Promise.reject(gone());
    if (this.agent && this.connection && !this.connection.isOver) return Promise.resolve(this.agent);
    this.connecting ??= this.connect().finally(() => (this.connecting = undefined));
    return this.connecting;
  }

  private async connect(): Promise<LiveAgent> {
    const { id } = this.record;
    const { signal } = new AbortController();
    let connection: LiveConnection;
    try {
      connection = await LiveConnection.open((input) => this.driver.connect!(id, input, { signal }), {
        handshakeMs: this.parts.driverMs,
      });
    } catch (thrown) {
      const error = toSoulboxError(thrown);
      if (lostCodes.has(error.code)) await this.endQuietly('lost');
      throw error;
    }
    const agent = new ConnectedAgent(connection);
    try {
      // Nothing may leave it, or come in, before those who see to that have it.
      await this.parts.hooks.call('live.connected', { sandbox: infoOf(this.record), agent });
    } catch (thrown) {
      connection.close();
      throw thrown;
    }
    // It may have ended, or the host may have let go of it, while the taps were at work.
    if (this.closed) {
      connection.close();
      throw gone();
    }
    this.connection = connection;
    this.agent = agent;
    void connection.ended.then((reason) => reason && this.lookAgain());
    return agent;
  }

  /** A connection ended that nobody closed: whether the sandbox lives is found out without waiting for its next use. */
  private lookAgain(): void {
    if (this.closed || this.record.state !== 'running') return;
    setTimeout(() => void this.reach().catch(() => undefined), lookAgainMs).unref();
  }

  private change<T>(work: () => Promise<T>): Promise<T> {
    const done = this.changing.then(work);
    this.changing = done.catch(() => undefined);
    return done;
  }

  private step<T>(promise: Promise<T>): Promise<T> {
    const late = () => new SoulboxError('plugin_timeout', 'the driver of the sandbox did not answer in time');
    return withDeadline(promise, this.parts.driverMs, late);
  }

  /** @throws unsupported, not_found, sandbox_lost */
  pause(reason: 'request' | 'idle' = 'request'): Promise<void> {
    return this.change(async () => {
      if (hasEnded(this.record)) throw gone();
      if (this.record.state === 'paused' || (reason === 'idle' && this.users > 0)) return;
      if (!this.driver.pause) throw new SoulboxError('unsupported', 'this driver pauses nothing (capability "pause")');
      await this.step(this.driver.pause(this.record.id));
      this.disconnect();
      await this.save(withEvent({ ...this.record, state: 'paused' }, { type: 'paused', reason }));
    });
  }

  /** @throws not_found, sandbox_lost */
  resume(reason: 'request' | 'use' = 'request'): Promise<void> {
    return this.change(async () => {
      if (hasEnded(this.record)) throw gone();
      if (this.record.state !== 'paused') return;
      await this.step(this.driver.resume!(this.record.id));
      await this.save(withEvent({ ...this.record, state: 'running' }, { type: 'resumed', reason }));
      this.usedAt = performance.now();
      this.armIdle();
    });
  }

  /** Changes what a client may change. @throws not_found, storage_failed */
  update(changes: Partial<LiveRecord>): Promise<void> {
    return this.change(async () => {
      if (hasEnded(this.record)) throw gone();
      await this.save(withEvent({ ...this.record, ...changes }, { type: 'updated' }));
      this.armExpiry();
      this.armIdle();
    });
  }

  /** Takes it away. Its record says so first: a host that dies meanwhile leaves a box that nobody knows, which the next takes away. */
  end(reason: EndReason): Promise<void> {
    return this.change(async () => {
      if (hasEnded(this.record)) return;
      const ended = { state: reason === 'lost' ? 'lost' : 'ended', endedAt: new Date().toISOString() } as const;
      await this.save(withEvent({ ...this.record, ...ended }, { type: 'ended', reason }));
      this.close();
      this.parts.forget(this.record.id);
      await this.step(this.driver.destroy(this.record.id)).catch((error: unknown) => {
        this.parts.log.error({ err: error, sandbox: this.record.id }, 'a sandbox could not be taken away');
      });
      await this.parts.hooks.call('live.ended', { sandbox: infoOf(this.record), reason });
    });
  }

  private async endQuietly(reason: EndReason): Promise<void> {
    await this.end(reason).catch((error: unknown) => {
      this.parts.log.error({ err: error, sandbox: this.record.id }, 'the end of a sandbox could not be recorded');
    });
  }

  private disconnect(): void {
    this.connection?.close();
    this.connection = this.agent = undefined;
  }

  /** Lets go of it; it goes on. */
  close(): void {
    this.closed = true;
    clearTimeout(this.idleTimer);
    clearTimeout(this.expiryTimer);
    this.disconnect();
  }

  /** What it uses. @throws unsupported, not_found */
  async stats() {
    if (!this.driver.stats) throw new SoulboxError('unsupported', 'this driver tells of no use (capability "stats")');
    return (await this.step(this.driver.stats(this.record.id))).box;
  }
}
