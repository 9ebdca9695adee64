import { randomUUID } from 'node:crypto';
import type { JSONRPCServer } from 'json-rpc-2.0';
import { SoulboxError, toSoulboxError, type PluginContext } from '@soulbox/plugin-sdk';
import { errorResponse, serialise } from './answers.ts';
import type { CallId, Frame, Malformed, Request } from './frame.ts';
import { InFlight } from './in-flight.ts';
import type { Outbox } from './outbox.ts';
import { cancelMethod, type Call, type Session } from './rpc.ts';

export interface CallRunnerOptions {
  readonly maxInFlight: number;
  readonly maxInFlightBytes: number;
  readonly log: PluginContext['log'];
}

interface Admitted {
  readonly request: Request;
  readonly controller: AbortController;
}

const retryAfterMs = 100;
// Answers of a batch travel as one message, whose length JavaScript bounds at about 512 MiB.
const maxBatchAnswerLength = 64 * 1024 * 1024;

/** Runs the calls of one connection, as many at a time as it may have, and sends their answers. */
export class CallRunner {
  private readonly session: Session;
  private readonly rpc: JSONRPCServer<Call>;
  private readonly outbox: Outbox;
  private readonly log: PluginContext['log'];
  private readonly inFlight: InFlight;

  constructor(session: Session, rpc: JSONRPCServer<Call>, outbox: Outbox, options: CallRunnerOptions) {
    this.session = session;
    this.rpc = rpc;
    this.outbox = outbox;
    this.log = options.log;
    this.inFlight = new InFlight(options.maxInFlight, options.maxInFlightBytes);
  }

  cancel(id: CallId): boolean {
    return this.inFlight.cancel(id);
  }

  /** Resolves when no call runs. */
  idle(): Promise<void> {
    return this.inFlight.idle();
  }

  /** Takes a message of `bytes`. Never throws: what cannot be run is answered with an error. */
  run(frame: Frame, bytes: number): void {
    const refusals: string[] = [];
    const admitted: Admitted[] = [];
    for (const request of frame.requests) {
      try {
        admitted.push(this.enter(request));
      } catch (error) {
        const id = 'error' in request ? request.id : null;
        refusals.push(JSON.stringify(errorResponse(id, error)));
      }
    }
    // A full connection must still be able to make room, so cancelling takes none.
    const urgent = !frame.batch && admitted[0]?.request.method === cancelMethod;
    const slots = admitted.length === 0 || urgent ? 0 : this.inFlight.reserve(admitted.length, bytes);
    if (slots > 0 || urgent)
      void this.answer(frame.batch, admitted, refusals, Math.max(slots, 1)).finally(() => {
        if (slots > 0) this.inFlight.release(slots, bytes);
      });
    else this.refuse(frame.batch, admitted, refusals);
  }

  private enter(request: Request | Malformed): Admitted {
    if ('error' in request) throw request.error;
    return { request, controller: this.inFlight.enter(request.id) };
  }

  private refuse(batch: boolean, admitted: readonly Admitted[], refusals: string[]): void {
    const overloaded = new SoulboxError('overloaded', 'too many calls of this connection are not answered yet', {
      details: { retryAfterMs },
    });
    for (const { request } of admitted) {
      this.inFlight.leave(request.id);
      if (request.id !== undefined) refusals.push(JSON.stringify(errorResponse(request.id, overloaded)));
    }
    if (refusals.length > 0) this.outbox.refuse(batch ? `[${refusals.join()}]` : (refusals[0] as string));
  }

  private async answerOne({ request, controller }: Admitted): Promise<void> {
    const answer = await this.call({ request, controller });
    // Before the answer is out: from then on the client may use the id again.
    this.inFlight.leave(request.id);
    if (answer !== null) await this.outbox.send(answer);
  }

  /** `width` calls at a time; the slots are held until the peer has taken the answers. */
  private async answer(batch: boolean, admitted: readonly Admitted[], answers: string[], width: number): Promise<void> {
    if (!batch) return this.answerOne(admitted[0]!);
    const queue = [...admitted];
    let length = 0;
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const answer = await this.call(next);
        if (answer === null) continue;
        length += answer.length;
        answers.push(length > maxBatchAnswerLength ? this.tooLong(next.request.id) : answer);
      }
    };
    await Promise.all(Array.from({ length: width }, work));
    // Before the answer is out: from then on the client may use the ids again.
    for (const { request } of admitted) this.inFlight.leave(request.id);
    if (answers.length > 0) await this.outbox.send(`[${answers.join()}]`);
  }

  private async call({ request, controller }: Admitted): Promise<string | null> {
    const call: Call = { session: this.session, signal: controller.signal, requestId: randomUUID() };
    const answer = await this.rpc.receive({ jsonrpc: '2.0', ...request }, call);
    if (answer === null) return null;
    return serialise(answer, (cause) => {
      this.log.error({ err: cause, requestId: call.requestId, method: request.method }, 'a result is not JSON');
      return toSoulboxError(cause);
    });
  }

  private tooLong(id: CallId | undefined): string {
    const error = new SoulboxError('payload_too_large', 'the answers of this batch are too long together');
    return JSON.stringify(errorResponse(id ?? null, error));
  }
}
