import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { SoulboxError, toSoulboxError, type z } from '@soulbox/plugin-sdk';
import { Circuit } from './circuit.ts';
import { dockerOptions, type EngineAddress } from './engine-address.ts';
import { engineError, isUnanswered } from './engine-error.ts';

/** How long an engine is waited for that does not answer, and how long between two tries, in milliseconds. */
const patienceMs = 5_000;
const betweenMs = 100;

export interface EngineOptions extends EngineAddress {
  /** How long one call may take, in milliseconds. */
  readonly callTimeoutMs: number;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default: `callTimeoutMs`. */
  readonly deadlineMs?: number;
}

/** One call: `docker` is dockerode; give `abortSignal: signal` to its method. */
export type Request<T> = (docker: Docker, signal: AbortSignal) => Promise<T>;

/**
 * The Docker engine, through its API. Every call has a deadline and can be aborted, ends with a typed error, and fails at
 * once while the engine is known not to answer.
 */
export class Engine {
  readonly circuit = new Circuit();
  readonly #options: EngineOptions;
  #docker: Docker | undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /**
   * `what` completes "the engine could not …": `list its containers`.
   * @throws runtime_unavailable for the engine as a whole; cancelled; not_found or conflict as it answers;
   * image_unavailable; sandbox_unavailable for what else it refuses; config_invalid for its address.
   */
  async call<T>(what: string, request: Request<T>, { signal, deadlineMs }: CallOptions = {}): Promise<T> {
    if (signal?.aborted) throw cancelled();
    const known = this.circuit.enter();
    if (known) throw known;
    const controller = new AbortController();
    const within = deadlineMs ?? this.#options.callTimeoutMs;
    let stop!: (error: SoulboxError) => void;
    const stopped = new Promise<never>((_, reject) => (stop = reject));
    stopped.catch(() => undefined);
    const abort = (): void => stop(cancelled());
    const timer = setTimeout(() => stop(overdue(what, within)), within);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const requested = this.#start(request, controller.signal);
      // It may fail after the deadline, when nobody listens any more.
      requested.catch(() => undefined);
      const answer = await Promise.race([requested, stopped]);
      this.circuit.succeeded();
      return answer;
    } catch (thrown) {
      controller.abort();
      const error = engineError(thrown, what);
      if (error.code === 'cancelled' || error.code === 'config_invalid') this.circuit.left();
      else if (isUnanswered(thrown)) this.circuit.failed(error);
      else this.circuit.succeeded();
      throw error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  /** As {@link call}, with an answer of this shape; one of another shape is a broken engine. */
  async ask<S extends z.ZodType>(
    schema: S,
    what: string,
    request: Request<unknown>,
    options?: CallOptions,
  ): Promise<z.infer<S>> {
    const answer = schema.safeParse(await this.call(what, request, options));
    if (answer.success) return answer.data;
    const error = new SoulboxError(
      'runtime_unavailable',
      `the Docker engine answered nonsense when it should ${what}`,
      {
        details: { advice: ['Check that "host" of the plugin sandbox-docker is the address of a Docker engine.'] },
        cause: answer.error,
      },
    );
    this.circuit.failed(error);
    throw error;
  }

  /**
   * Waits until the engine answers, also one that was busy or away a moment ago: for work that takes long anyway.
   * @throws as {@link call}, where it has not answered for some seconds
   */
  async awaken({ signal }: Pick<CallOptions, 'signal'> = {}): Promise<void> {
    for (const until = performance.now() + patienceMs; ;)
      try {
        await this.call('answer', (docker) => docker.ping(), signal ? { signal } : {});
        return;
      } catch (thrown) {
        if (toSoulboxError(thrown).code !== 'runtime_unavailable' || performance.now() > until) throw thrown;
        await delay(betweenMs);
      }
  }

  async #start<T>(request: Request<T>, signal: AbortSignal): Promise<T> {
    return request((this.#docker ??= await this.#connect()), signal);
  }

  /** The client is large: where there is no engine, a host need not load it to say so. */
  async #connect(): Promise<Docker> {
    const options = dockerOptions(this.#options);
    if (options.socketPath?.startsWith('/')) await stat(options.socketPath);
    const { default: Client } = await import('dockerode');
    return new Client(options);
  }
}

function cancelled(): SoulboxError {
  return new SoulboxError('cancelled', 'the caller cancelled it, or the driver is stopping');
}

function overdue(what: string, withinMs: number): SoulboxError {
  return new SoulboxError('runtime_unavailable', `the Docker engine did not ${what} within ${withinMs} ms`, {
    details: { advice: ['Look at the load and the log of the engine; the host tries again by itself.'] },
  });
}
