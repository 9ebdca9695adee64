import type { ExecutionRequest, ExecutionResult } from '@soulbox/plugin-sdk';
import { EventLog } from './event-log.ts';
import { StdinQueue } from './stdin.ts';

/** An execution of this host that runs, or has lately been settled. */
export class LiveExecution {
  request: ExecutionRequest;
  readonly log: EventLog;
  readonly stdin: StdinQueue;
  /** The version of its document in the store. */
  version = 0;
  result: ExecutionResult;
  private readonly abort = new AbortController();
  /** Resolves with the recorded result; rejects with storage_failed when it could not be recorded. */
  readonly settled: Promise<ExecutionResult>;
  readonly settle: (result: ExecutionResult) => void;
  readonly fail: (error: Error) => void;

  constructor(request: ExecutionRequest, initial: ExecutionResult) {
    this.request = request;
    this.result = initial;
    this.log = new EventLog(request.id);
    this.stdin = new StdinQueue(request.stdin);
    const { promise, resolve, reject } = withResolvers<ExecutionResult>();
    this.settled = promise;
    this.settle = resolve;
    this.fail = reject;
    // Nobody need wait for it.
    promise.catch(() => undefined);
  }

  /** Aborted when the program is to end: since it was cancelled, or its driver does not end it in time. */
  get stopping(): AbortSignal {
    return this.abort.signal;
  }

  cancel(): void {
    this.stop();
    this.stdin.close();
  }

  stop(): void {
    this.abort.abort();
  }

  /** Lets go of what only a running program needs: a settled one may be kept for long. */
  shed(): void {
    const { code: _code, files: _files, stdin: _stdin, env: _env, args: _args, ...request } = this.request;
    this.request = request;
    this.stdin.discard();
  }
}

// Promise.withResolvers is not in Node 20.
function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
