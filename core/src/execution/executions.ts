import type { Logger } from 'pino';
import {
  isSoulboxError,
  SoulboxError,
  type ExecutionParams,
  type ExecutionRequest,
  type ExecutionResult,
  type OperationCall,
  type Store,
} from '@soulbox/plugin-sdk';
import { delay, unlessAborted, withDeadline } from '../deadline.ts';
import type { HookBus } from '../hooks/hook-bus.ts';
import type { PluginRecord } from '../plugins/record.ts';
import type { Placement } from '../sandboxes/placement.ts';
import { planProgram } from '../sandboxes/plan.ts';
import type { Services } from '../services.ts';
import type { Traffic } from '../traffic.ts';
import { Admission } from './admission.ts';
import { Caching } from './caching.ts';
import type { CompileCache } from './compile-cache.ts';
import { dependencyLayer } from './dependencies.ts';
import { IdempotencyKey } from './idempotency.ts';
import { LiveExecution } from './live.ts';
import { prepare, type Prepared, type PrepareParts } from './prepare.ts';
import { Records } from './records.ts';
import { ReplayWindow } from './replay.ts';
import { initialResult } from './result.ts';
import { Runner } from './runner.ts';

export interface ExecutionParts extends PrepareParts {
  readonly store: Store;
  readonly hooks: HookBus;
  readonly log: Logger;
  readonly instanceId: string;
  readonly traffic: Traffic;
  readonly placement: Placement;
  readonly services: Services;
  /** Absent where what compilers make is not kept. */
  readonly compileCache?: CompileCache | undefined;
  readonly plugins: () => readonly PluginRecord[];
}

interface AcceptOptions {
  /** Gives back what was taken for it, where it is not accepted. */
  readonly abandon?: () => Promise<void>;
  readonly answer?: (live: LiveExecution) => Promise<ExecutionResult>;
}

const pollMs = 200;
/** When a final state that could not be recorded is written again. */
const recordAgainMs = 30_000;

/** Accepts, runs, records and finds executions. Each that is accepted ends in exactly one recorded state. */
export class Executions {
  readonly admission: Admission;
  readonly replay: ReplayWindow;
  private readonly parts: ExecutionParts;
  private readonly runner: Runner;
  private readonly records: Records;
  private readonly caching: Caching;
  /** What is accepted from here on is cancelled at once. */
  private ending = false;
  private readonly drained = new AbortController();

  constructor(parts: ExecutionParts) {
    this.parts = parts;
    this.admission = new Admission(parts.settings);
    this.replay = new ReplayWindow(parts.settings.replayBytes);
    this.runner = new Runner(parts.hooks, parts.log, parts.compileCache);
    this.records = new Records(parts.store, parts.instanceId, parts.log);
    this.caching = new Caching(parts);
  }

  /** Runs a program to its end, telling events on the way where `stream` is set. Aborting the call cancels the program. */
  async create(params: ExecutionParams, call: OperationCall): Promise<ExecutionResult> {
    // What it uses is kept until the program has ended, which may be after the call.
    const leave = this.parts.traffic.work.enter();
    let start: LiveExecution | string;
    try {
      start = await this.begin(params, call);
    } catch (thrown) {
      leave();
      throw thrown;
    }
    if (typeof start === 'string') {
      leave();
      return this.get({ id: start, wait: true, stream: params.stream }, call);
    }
    void start.settled.then(leave, leave);
    return this.follow(start, params.stream === true, call);
  }

  /** Starts an execution when it is its turn; a string is the id of the one that the same idempotency key made before. */
  private async begin(params: ExecutionParams, { principal, signal }: OperationCall): Promise<LiveExecution | string> {
    const key =
      params.idempotencyKey === undefined
        ? undefined
        : new IdempotencyKey(principal.tenant, params.idempotencyKey, params);
    const earlier = await key?.find(this.parts.store);
    if (earlier !== undefined) return earlier;
    const createdAt = new Date().toISOString();
    const prepared = await this.caching.keyed(await prepare(this.parts, params, principal));
    let leave = () => {};
    let start: LiveExecution | string | undefined;
    try {
      const cached = await this.caching.find(prepared.request, signal);
      // What runs nothing needs no turn.
      leave = cached ? this.admission.pass() : await this.admission.enter(principal.tenant, signal);
      start = cached
        ? await this.startCached(prepared, cached, createdAt, key)
        : await this.start(prepared, createdAt, key, signal);
      return start;
    } finally {
      // Its turn ends with the program, not with the slowest reader of its events.
      if (typeof start === 'object') void start.settled.then(leave, leave);
      else {
        leave();
        this.caching.ended(prepared.request);
      }
    }
  }

  /** Accepts and starts; a string is the id of the execution that the same idempotency key made meanwhile. */
  private async start(
    prepared: Prepared,
    createdAt: string,
    key: IdempotencyKey | undefined,
    signal: AbortSignal,
  ): Promise<LiveExecution | string> {
    const { request, language, runtime } = prepared;
    const { placement } = this.parts;
    const known = { runtime, info: language };
    const place = await placement.find(known, request.version);
    const layer = await dependencyLayer(this.parts.services, known, request, place, signal);
    const version = request.version === undefined ? {} : { version: place.version };
    const input = {
      ...prepared.input,
      ...version,
      ...(layer === undefined ? {} : { layer }),
      toolchain: place.toolchain,
    };
    const plan = await planProgram(known, input, { signal });
    // Finding a box and making the record durable take their time side by side; nothing runs before both are done.
    const leasing = plan.ok
      ? placement.lease(known, place, request.tenant, layer)
      : Promise.reject(new SoulboxError('internal', 'nothing to run'));
    leasing.catch(() => undefined);
    const abandon = () => leasing.then((lease) => lease.release(true)).catch(() => undefined);
    const used = { ...prepared, language: { ...language, version: place.version } };
    const live = await this.accept(used, createdAt, key, { abandon });
    const job = {
      plan,
      leasing,
      chosen: place.chosen,
      language: used.language,
      diagnose: runtime.diagnose?.bind(runtime),
    };
    if (typeof live === 'string') return live;
    // What was withdrawn meanwhile must not begin.
    if (signal.aborted) live.cancel();
    void this.finish(live, this.runner.carryOut(live, job));
    return live;
  }

  private async startCached(
    prepared: Prepared,
    cached: ExecutionResult,
    createdAt: string,
    key: IdempotencyKey | undefined,
  ): Promise<LiveExecution | string> {
    const answer = (live: LiveExecution) => this.runner.answerFromCache(live, cached);
    const live = await this.accept(prepared, createdAt, key, { answer });
    if (typeof live !== 'string') void this.tellEnd(live);
    return live;
  }

  /** Makes the record durable: from here on the execution exists. With an `answer` it has its final state at once. */
  private async accept(
    prepared: Prepared,
    createdAt: string,
    key: IdempotencyKey | undefined,
    { abandon, answer }: AcceptOptions,
  ): Promise<LiveExecution | string> {
    const { request, language } = prepared;
    const live = new LiveExecution(request, initialResult(request, language, createdAt));
    live.log.event('accepted', { language: language.name, createdAt });
    try {
      if (this.ending) throw new SoulboxError('draining', 'the host shuts down and starts nothing any more');
      if (answer) live.result = await answer(live);
      await this.records.accept(live, key?.claim(request.id, createdAt));
    } catch (thrown) {
      await abandon?.();
      const winner =
        isSoulboxError(thrown) && thrown.code === 'conflict' ? await key?.find(this.parts.store) : undefined;
      if (winner !== undefined) return winner;
      throw thrown;
    }
    this.replay.start(live);
    if (this.ending) live.cancel();
    return live;
  }

  private async finish(live: LiveExecution, outcome: Promise<ExecutionResult>): Promise<void> {
    const result = await outcome;
    live.stdin.close();
    try {
      // Nobody sees a final state that is not recorded: after a crash it would turn into another.
      live.result = await this.records.settle(live, result);
    } catch (error) {
      this.replay.drop(live);
      live.fail(error as SoulboxError);
      live.log.end();
      this.caching.ended(live.request);
      return this.recordLater(live, result);
    }
    await this.tellEnd(live);
  }

  /** Tells everyone of a final state that is recorded. */
  private async tellEnd(live: LiveExecution): Promise<void> {
    live.log.event('settled', { verdict: live.result.verdict, exitCode: live.result.exitCode });
    live.log.end();
    const { request } = live;
    this.replay.settle(live);
    live.settle(live.result);
    await this.tellSettled(request, live.result);
    this.caching.ended(request, live.result);
  }

  private tellSettled(request: ExecutionRequest, result: ExecutionResult): Promise<void> {
    return this.parts.hooks.call('execution.settled', { request: this.caching.vouched(request, result), result });
  }

  /** Goes on trying until the host ends; what is not recorded by then becomes `interrupted`. */
  private async recordLater(live: LiveExecution, result: ExecutionResult): Promise<void> {
    while (!this.drained.signal.aborted) {
      await delay(recordAgainMs, this.drained.signal);
      const recorded = await this.records.trySettle(live, result).catch(() => undefined);
      if (!recorded) continue;
      return this.tellSettled(live.request, recorded);
    }
  }

  private async follow(live: LiveExecution, stream: boolean, call: OperationCall): Promise<ExecutionResult> {
    const cancel = () => live.cancel();
    call.signal.addEventListener('abort', cancel, { once: true });
    if (call.signal.aborted) cancel();
    try {
      // Events go on to the end even when cancelled: `settled` is one of them.
      if (stream) for await (const event of live.log.after(0, new AbortController().signal)) await call.emit(event);
      return await live.settled;
    } finally {
      call.signal.removeEventListener('abort', cancel);
    }
  }

  /**
   * An execution of the caller's tenant. With `stream`, events above `fromSeq` come first and the answer when it is
   * settled; with `wait`, only the answer waits.
   * @throws not_found, cancelled
   */
  async get(
    params: { id: string; stream?: boolean | undefined; fromSeq?: number | undefined; wait?: boolean | undefined },
    call: OperationCall,
  ): Promise<ExecutionResult> {
    const { id, stream = false, fromSeq = 0, wait: waits = false } = params;
    const live = this.replay.get(id);
    if (live && live.request.tenant === call.principal.tenant) {
      if (stream) for await (const event of live.log.after(fromSeq, call.signal)) await call.emit(event);
      return stream || waits ? settledOf(live, call) : live.result;
    }
    let record = await this.records.find(id, call.principal.tenant);
    while ((stream || waits) && record.status === 'running' && !call.signal.aborted) {
      await delay(pollMs, call.signal);
      record = await this.records.find(id, call.principal.tenant);
    }
    if (call.signal.aborted) throw cancelled();
    // Its output is in the answer; only the end of the story is still known as an event.
    if (stream && record.lastSeq > fromSeq)
      await call.emit({
        id,
        seq: record.lastSeq,
        type: 'settled',
        data: { verdict: record.verdict, exitCode: record.result.exitCode },
      });
    return record.result;
  }

  /**
   * Ends a running execution and answers with its result; one that has ended already stays as it is.
   * @throws not_found, conflict when another host runs it
   */
  async cancel(id: string, call: OperationCall): Promise<ExecutionResult> {
    const live = this.liveOf(id, call);
    live?.cancel();
    if (live) return settledOf(live, call);
    const { result } = await this.records.find(id, call.principal.tenant);
    if (result.status === 'running') throw runsElsewhere();
    return result;
  }

  /** Adds to the standard input of a running execution. @throws not_found, conflict when it is closed */
  async input(id: string, data: Uint8Array, close: boolean, call: OperationCall): Promise<void> {
    const live = this.liveOf(id, call);
    if (!live) {
      await this.records.find(id, call.principal.tenant);
      throw runsElsewhere();
    }
    await live.stdin.push(data);
    if (close) live.stdin.close();
  }

  private liveOf(id: string, call: OperationCall): LiveExecution | undefined {
    const live = this.replay.get(id);
    return live?.request.tenant === call.principal.tenant ? live : undefined;
  }

  /** Cancels what runs and what is about to. */
  cancelAll(): void {
    this.ending = true;
    for (const live of this.replay.active) live.cancel();
  }

  /** Accepts nothing more, lets running work finish until the deadline, then cancels it. Never rejects. */
  async drain(deadlineMs: number): Promise<void> {
    const finished = this.admission.close();
    const late = () => new SoulboxError('deadline_exceeded', 'work is still running');
    await withDeadline(finished, deadlineMs, late).catch(() => {
      this.cancelAll();
      return finished;
    });
    this.drained.abort();
  }
}

/** @throws cancelled when the caller withdraws, whatever the execution does; what made it fail. */
async function settledOf(live: LiveExecution, call: OperationCall): Promise<ExecutionResult> {
  const result = await unlessAborted(live.settled, call.signal);
  if (!result) throw cancelled();
  return result;
}

function runsElsewhere(): SoulboxError {
  return new SoulboxError('conflict', 'this execution does not run on this host');
}

function cancelled(): SoulboxError {
  return new SoulboxError('cancelled', 'the call was cancelled');
}
