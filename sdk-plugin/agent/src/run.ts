import { SoulboxError, toSoulboxError } from '../../src/errors.ts';
import type { RunEvent, RunOptions, RunOutcome, RunSpec, Stage } from '../../src/contracts/sandbox.ts';
import { Backlog } from './backlog.ts';
import { Condition } from './condition.ts';
import { u32 } from './fields.ts';
import type { AgentMessage, Facts } from './message.ts';
import { Progress } from './progress.ts';
import { frameType } from './protocol.ts';
import { refusalError } from './refusal.ts';
import { describeRun, encodeFrame } from './request.ts';
import { StdinFeed } from './stdin-feed.ts';
import { violation } from './violation.ts';
import { Watchdog } from './watchdog.ts';

/** What a run needs of its connection. */
export interface Channel {
  readonly facts: Facts;
  readonly graceMs: number;
  readonly creditBytes: number;
  send(frame: Buffer): void;
  /** The number of what may take the first stage. */
  warmSetOf(spec: RunSpec): number | undefined;
  isCongested(): boolean;
  /** Resolves when the stream takes more, or is closed. */
  drained(): Promise<void>;
  fail(error: SoulboxError): void;
  forget(run: number): void;
}

type Settlement = { readonly outcome: RunOutcome } | { readonly error: SoulboxError };

/** The client's side of one run: an iterator over its events, fed by the connection through {@link receive}. */
export class Run implements AsyncIterator<RunEvent> {
  readonly #id: number;
  readonly #spec: RunSpec;
  readonly #options: RunOptions;
  readonly #channel: Channel;
  readonly #progress: Progress;
  readonly #backlog = new Backlog();
  readonly #changed = new Condition();
  readonly #stdin: StdinFeed;
  readonly #watchdog = new Watchdog(() => this.#overdue());
  readonly #cancel = (): void => this.#kill();
  #settlement: Settlement | undefined;
  #stdinError: SoulboxError | undefined;
  #credit: number;
  #taken = 0;
  #opened = false;
  #discarding = false;
  #waitsForConsumer = false;
  #finished = false;

  constructor(id: number, spec: RunSpec, options: RunOptions, channel: Channel) {
    this.#id = id;
    this.#spec = channel.facts.has('keep') ? spec : { ...spec, stages: spec.stages.map(withoutKeep) };
    this.#options = options;
    this.#channel = channel;
    this.#progress = new Progress(this.#spec, channel.facts);
    this.#credit = channel.creditBytes;
    this.#stdin = new StdinFeed({
      write: (piece) => channel.send(encodeFrame(frameType.stdin, id, piece)),
      end: () => channel.send(encodeFrame(frameType.stdinEof, id)),
      fail: (error) => {
        this.#stdinError = error;
        this.#kill();
      },
    });
  }

  get specId(): string {
    return this.#spec.id;
  }

  /** Never rejects: what goes wrong settles the run. */
  async start(): Promise<void> {
    const { signal, stdin } = this.#options;
    if (signal.aborted) return this.#settle({ outcome: this.#progress.abandon('cancelled') });
    let frames: Iterable<Buffer>;
    try {
      frames = describeRun(this.#id, this.#spec, this.#channel.creditBytes, this.#channel.warmSetOf(this.#spec));
    } catch (error) {
      return this.#settle({ error: toSoulboxError(error) });
    }
    signal.addEventListener('abort', this.#cancel, { once: true });
    this.#opened = true;
    this.#watchdog.expect(this.#channel.graceMs);
    for (const frame of frames) {
      if (this.#settlement || this.#progress.killed) return;
      this.#channel.send(frame);
      if (this.#channel.isCongested()) await this.#channel.drained();
    }
    if (this.#settlement || this.#progress.killed) return;
    this.#watchdog.expect(this.#spec.stages.length * this.#spec.limits.wallMs + this.#channel.graceMs);
    if (this.#spec.stages.some((stage) => stage.stdin)) this.#stdin.start(stdin);
  }

  /** @throws agent_protocol where the run is in no state for this message. */
  receive(message: AgentMessage): void {
    switch (message.type) {
      case 'stage-start':
        this.#backlog.pushStage(this.#progress.startStage(message.index));
        break;
      case 'output':
        this.#receiveOutput(message.stream, message.data);
        break;
      case 'file-out':
        this.#receiveFile(message.data);
        break;
      case 'stdin-credit':
        this.#stdin.grant(message.bytes);
        return;
      case 'stage-end':
        this.#progress.endStage(message);
        return;
      case 'end':
        this.#settle({ outcome: this.#progress.end(message.truncated, message.facts) });
        return;
      case 'refused':
        if (!this.#progress.isUnstarted) throw violation('a refusal of a run under way');
        if (message.code === 'disk') this.#settle({ outcome: this.#progress.abandon('disk-limit') });
        else this.#settle({ error: refusalError(message.code, message.message) });
        return;
      default:
        throw violation(`${message.type} for a run`);
    }
    this.#changed.notify();
  }

  /** The agent is gone. */
  lose(): void {
    this.#settle({ outcome: this.#progress.abandon('lost') });
  }

  cancel(): void {
    this.#kill();
  }

  async next(): Promise<IteratorResult<RunEvent, undefined>> {
    for (;;) {
      const event = this.#backlog.take();
      if (event) {
        if (event.type !== 'stage') this.#giveBack(event.data.length);
        return { done: false, value: event };
      }
      if (this.#finished) return { done: true, value: undefined };
      if (this.#settlement) {
        this.#finished = true;
        if ('error' in this.#settlement) throw this.#settlement.error;
        return { done: false, value: { type: 'end', outcome: this.#settlement.outcome } };
      }
      await this.#changed.wait();
    }
  }

  /** Ends the run early; resolves once nothing of it is left in the box. */
  async return(): Promise<IteratorResult<RunEvent, undefined>> {
    this.#discarding = true;
    this.#finished = true;
    this.#backlog.clear();
    this.#kill();
    while (!this.#settlement) await this.#changed.wait();
    return { done: true, value: undefined };
  }

  #receiveOutput(stream: 'stdout' | 'stderr', data: Buffer): void {
    this.#credit -= data.length;
    if (this.#credit < 0) throw violation('more output than was granted');
    this.#progress.output(data.length);
    if (!this.#discarding) this.#backlog.pushOutput(stream, data);
  }

  #receiveFile(data: Buffer): void {
    this.#credit -= data.length;
    if (this.#credit < 0) throw violation('more of a file than was granted');
    this.#progress.keep(data.length);
    if (!this.#discarding) this.#backlog.pushFile(data);
  }

  /** Credit returns in large pieces: half a window each. */
  #giveBack(bytes: number): void {
    if (this.#settlement) return;
    this.#taken += bytes;
    if (this.#waitsForConsumer && this.#backlog.empty) {
      this.#waitsForConsumer = false;
      this.#watchdog.expect(this.#channel.graceMs);
    }
    if (this.#taken < this.#channel.creditBytes / 2) return;
    this.#channel.send(encodeFrame(frameType.credit, this.#id, u32(this.#taken)));
    this.#credit += this.#taken;
    this.#taken = 0;
  }

  #kill(): void {
    if (this.#settlement || this.#progress.killed) return;
    this.#progress.killed = true;
    if (!this.#opened) return this.#settle({ outcome: this.#progress.abandon('cancelled') });
    this.#channel.send(encodeFrame(frameType.kill, this.#id));
    this.#watchdog.expect(this.#channel.graceMs);
  }

  #overdue(): void {
    // An agent without credit cannot go on: then it is the consumer who is late, not the agent.
    if (!this.#backlog.empty && !this.#progress.killed) this.#waitsForConsumer = true;
    else this.#channel.fail(new SoulboxError('sandbox_lost', 'the sandbox agent did not end a run within its limits'));
  }

  #settle(settlement: Settlement): void {
    if (this.#settlement) return;
    this.#settlement = this.#stdinError ? { error: this.#stdinError } : settlement;
    this.#watchdog.clear();
    this.#options.signal.removeEventListener('abort', this.#cancel);
    this.#stdin.stop();
    this.#channel.forget(this.#id);
    this.#changed.notify();
  }
}

/** For an agent that was built before files could be kept. */
function withoutKeep({ keep: _keep, ...stage }: Stage): Stage {
  return stage;
}
