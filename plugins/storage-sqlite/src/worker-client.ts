import { Worker } from 'node:worker_threads';
import { SoulboxError } from '@soulbox/plugin-sdk';
import type { DatabaseOptions, Reply, RequestName, Requests, SentError } from './messages.ts';
import { unpackError } from './storage-error.ts';

interface Pending {
  readonly resolve: (result: never) => void;
  readonly reject: (error: SoulboxError) => void;
}

/** The database in a thread of its own, so that the host never waits for the disk. */
export class WorkerClient {
  private readonly worker: Worker;
  private readonly pending = new Map<number, Pending>();
  private readonly exited: Promise<void>;
  private lastNumber = 0;
  private unsent: { readonly number: number; readonly name: RequestName; readonly argument: unknown }[] = [];
  private failure: SoulboxError | undefined;

  private constructor(worker: Worker) {
    this.worker = worker;
    this.exited = new Promise((resolve) => {
      worker.once('exit', () => {
        this.fail(new SoulboxError('storage_failed', 'the store is closed'));
        resolve();
      });
    });
    worker.on('error', (cause) => this.fail(new SoulboxError('storage_failed', 'the store has stopped', { cause })));
  }

  /** @throws storage_failed when the database cannot be opened. */
  static async open(options: DatabaseOptions): Promise<WorkerClient> {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: options });
    const client = new WorkerClient(worker);
    try {
      await client.ready();
    } catch (thrown) {
      await client.exited;
      throw thrown;
    }
    worker.on('message', (replies: readonly Reply[]) => replies.forEach((reply) => client.settle(reply)));
    return client;
  }

  /** @throws what the worker answers, or storage_failed once it is gone. */
  request<N extends RequestName>(name: N, argument: Requests[N]['in']): Promise<Requests[N]['out']> {
    if (this.failure) return Promise.reject(this.failure);
    const number = ++this.lastNumber;
    return new Promise((resolve, reject) => {
      this.pending.set(number, { resolve, reject });
      // What is asked in one turn crosses to the other thread together: each message wakes it.
      if (this.unsent.push({ number, name, argument }) === 1) queueMicrotask(() => this.send());
    });
  }

  private send(): void {
    const { unsent } = this;
    this.unsent = [];
    this.worker.postMessage(unsent, []);
  }

  /** Lets what was asked before finish. Repeating it is harmless. */
  async close(): Promise<void> {
    if (!this.failure) {
      const closed = this.request('close', null);
      this.failure = new SoulboxError('storage_failed', 'the store is closed');
      await closed;
    }
    await this.exited;
  }

  private ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.pending.set(0, { resolve: () => resolve(), reject });
      this.worker.once('message', (error: SentError | null) =>
        this.settle(error ? { number: 0, error } : { number: 0, result: undefined }),
      );
    });
  }

  private settle(reply: Reply): void {
    const pending = this.pending.get(reply.number);
    this.pending.delete(reply.number);
    if ('error' in reply) pending?.reject(unpackError(reply.error));
    else pending?.resolve(reply.result as never);
  }

  private fail(error: SoulboxError): void {
    this.failure ??= error;
    for (const { reject } of this.pending.values()) reject(this.failure);
    this.pending.clear();
  }
}
