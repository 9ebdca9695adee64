import { setTimeout as pause } from 'node:timers/promises';
import { Redis, type RedisOptions } from 'ioredis';

/** How long a connection may take to be made, and to be closed. */
const connectMs = 2_000;
const closeMs = 1_000;
/** Between attempts, doubled each time. */
const againMs = { first: 50, most: 1_000 } as const;
/** After so many calls in a row without an answer, none is sent until Redis has answered a ping. */
const silentCalls = 5;

export interface LinkOptions {
  readonly url: string;
  readonly timeoutMs: number;
}

/** Whether Redis answered, though with an error. */
export function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}

/** A connection that is there only while Redis answers in time, and comes back by itself. */
export class Link {
  private readonly options: LinkOptions;
  private readonly stopped = new AbortController();
  private client: Redis | undefined;
  private silent = 0;
  /** Whether this connection answered a call. */
  private answered = false;
  private drop = () => {};
  private keeping: Promise<void> = Promise.resolve();
  /** Why there is no connection; `null` while there is one. */
  problem: string | null = 'not connected yet';

  constructor(options: LinkOptions) {
    this.options = options;
  }

  /** Begins to connect; resolves with the first attempt's end, good or bad, at the latest after `patienceMs`. */
  async open(patienceMs: number): Promise<void> {
    const first = new Promise<void>((resolve) => {
      this.keeping = this.keep(resolve);
    });
    await within(patienceMs, first);
  }

  async close(): Promise<void> {
    this.stopped.abort();
    this.drop();
    await this.keeping;
  }

  /** What Redis answers. @throws a reply that is an error (see {@link isReply}); where it cannot be reached, at once */
  async call<T>(command: (client: Redis) => Promise<T>): Promise<T> {
    const { client } = this;
    if (!client) throw new Error(`no connection: ${this.problem}`);
    try {
      const answer = await command(client);
      this.silent = 0;
      this.answered = true;
      return answer;
    } catch (thrown) {
      this.silent = isReply(thrown) ? 0 : this.silent + 1;
      if (this.silent >= silentCalls && client === this.client) this.drop();
      throw thrown;
    }
  }

  private async keep(tried: () => void): Promise<void> {
    let waitMs: number = againMs.first;
    while (!this.stopped.signal.aborted) {
      this.silent = 0;
      this.answered = false;
      await this.serve(tried);
      tried();
      waitMs = this.answered ? againMs.first : Math.min(waitMs * 2, againMs.most);
      // Hosts that lost it at one time do not come back at one time.
      const jittered = waitMs * (0.5 + Math.random() / 2);
      await pause(jittered, undefined, { signal: this.stopped.signal }).catch(() => undefined);
    }
  }

  /** One connection, from its beginning to its end. */
  private async serve(ready: () => void): Promise<void> {
    const client = new Redis(optionsOf(this.options));
    let lastError: Error | undefined;
    client.on('error', (error) => (lastError = error));
    const closed = new Promise<void>((resolve) => client.once('end', resolve));
    const dropped = new Promise<void>((resolve) => (this.drop = resolve));
    const ended = Promise.race([closed, dropped]);
    try {
      await Promise.race([reach(client), ended.then(() => Promise.reject(lastError ?? new Error('it was closed')))]);
      this.client = client;
      this.problem = null;
      ready();
      await ended;
      this.problem = lastError?.message ?? 'it does not answer in time';
    } catch (thrown) {
      this.problem = (lastError ?? (thrown as Error)).message;
    } finally {
      this.client = undefined;
      client.disconnect();
      await within(closeMs, closed);
    }
  }
}

/** Connects, and makes sure that Redis answers in time. */
async function reach(client: Redis): Promise<void> {
  if (!(await within(connectMs, client.connect()))) throw new Error(`no connection within ${connectMs} ms`);
  await client.ping();
}

/** Waits for `work`, but no longer than `ms`; whether it was done by then. @throws what it throws */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  const done = new AbortController();
  const late = pause(ms, false, { signal: done.signal }).catch(() => false);
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    done.abort();
  }
}

function optionsOf({ url, timeoutMs }: LinkOptions): Omit<RedisOptions, 'replyMapping'> {
  return {
    ...placeOf(url),
    lazyConnect: true,
    connectTimeout: connectMs,
    // A server that is stopped does not hang up either.
    disconnectTimeout: 100,
    commandTimeout: timeoutMs,
    retryStrategy: null,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    autoResendUnfulfilledCommands: false,
    disableClientInfo: true,
    protocol: 2,
  };
}

function placeOf(url: string): RedisOptions {
  if (url.startsWith('unix:')) return { path: url.slice('unix:'.length) };
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  const db = Number(pathname.slice(1));
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? 6379 : Number(port),
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    ...(db > 0 ? { db } : {}),
    ...(protocol === 'rediss:' ? { tls: {} } : {}),
  };
}
