import type { Logger } from 'pino';
import {
  isSoulboxError,
  toSoulboxError,
  type Api,
  type CallOptions,
  type Credentials,
  type OperationCall,
  type OperationDescriptor,
  type Principal,
  type StreamItem,
} from '@soulbox/plugin-sdk';
import { authenticate } from '../access/authenticate.ts';
import { authorize } from '../access/authorize.ts';
import type { HookBus } from '../hooks/hook-bus.ts';
import type { OperationCatalogue } from './catalogue.ts';
import type { Traffic } from '../traffic.ts';
import { Channel } from './channel.ts';

/** The one way in: every call of every transport is checked, permitted and run here. */
export class HostApi implements Api {
  private readonly hooks: HookBus;
  private readonly catalogue: OperationCatalogue;
  private readonly log: Logger;
  private readonly traffic: Traffic;

  constructor(hooks: HookBus, catalogue: OperationCatalogue, log: Logger, traffic: Traffic) {
    this.traffic = traffic;
    this.hooks = hooks;
    this.catalogue = catalogue;
    this.log = log;
  }

  operations(): Promise<readonly OperationDescriptor[]> {
    return Promise.resolve(this.catalogue.describe());
  }

  async authenticate(credentials: Credentials): Promise<Principal> {
    try {
      return await this.traffic.briefly(() => authenticate(this.hooks, credentials));
    } catch (thrown) {
      throw this.reported(thrown, 'auth.authenticate', undefined);
    }
  }

  async call(operation: string, params: unknown, options: CallOptions): Promise<unknown> {
    return this.invoke(operation, params, options, () => Promise.resolve());
  }

  async *stream(operation: string, params: unknown, options: CallOptions): AsyncIterable<StreamItem> {
    const events = new Channel<unknown>();
    const result = this.invoke(operation, params, options, (event) => events.send(event)).finally(() => events.close());
    // The consumer hears of a failure below; should it walk away earlier, nobody would.
    result.catch(() => undefined);
    try {
      for await (const event of events) yield { event };
    } finally {
      events.close();
    }
    yield { result: await result };
  }

  private async invoke(
    operation: string,
    params: unknown,
    options: CallOptions,
    emit: (event: unknown) => Promise<void>,
  ): Promise<unknown> {
    const { principal, requestId, signal } = options;
    if (this.traffic.door.isShut) await this.traffic.door.pass();
    const leave = this.traffic.work.enter();
    try {
      await authorize(this.hooks, principal, this.catalogue.find(operation));
      const { log } = this;
      const call: OperationCall = {
        principal,
        requestId,
        signal,
        emit,
        // Few operations write to it.
        get log() {
          return log.child({ requestId, operation });
        },
      };
      const run = () => this.catalogue.run(operation, params, call);
      return await (this.catalogue.owner(operation) === 'core' ? run() : this.traffic.briefly(run));
    } catch (thrown) {
      throw this.reported(thrown, operation, requestId);
    } finally {
      leave();
    }
  }

  /** What the client may know of an error; what it may not goes to the log. */
  private reported(thrown: unknown, operation: string, requestId: string | undefined): Error {
    const error = toSoulboxError(thrown);
    if (!isSoulboxError(thrown) || error.entry.http >= 500)
      this.log.error({ err: thrown, operation, requestId }, 'an operation failed');
    return error;
  }
}
