import { decodeFields, encodeFields, u32, u64 } from '../agent/src/fields.ts';
import { FrameReader, type Frame } from '../agent/src/frame-reader.ts';
import { liveFrame, liveVersion } from '../agent/src/live/frames.ts';
import { Outbox } from '../agent/src/live/outbox.ts';
import { encodeFrame } from '../agent/src/request.ts';
import { SoulboxError, type BoxStats, type LiveSpec, type SandboxInfo } from '../src/index.ts';
import { ScriptedDriver } from './scripted-sandbox.ts';

type LiveFields = readonly (readonly [tag: number, value: Uint8Array])[];

/** One call, as a {@link ScriptedLiveService} is given it. */
export class ScriptedCall {
  readonly number: number;
  readonly method: number;
  /** By tag: every value that came. */
  readonly fields: ReadonlyMap<number, readonly Buffer[]>;
  /** What was sent, by stream. */
  readonly sent = new Map<number, Buffer[]>();
  readonly ended = new Set<number>();
  isCancelled = false;
  credit: number;
  readonly #send: (frame: Buffer) => void;

  constructor({ run, payload }: Frame, send: (frame: Buffer) => void) {
    const fields = new Map<number, Buffer[]>();
    for (const { tag, value } of decodeFields(payload)) fields.set(tag, [...(fields.get(tag) ?? []), value]);
    this.number = run;
    this.method = fields.get(1)![0]![0]!;
    this.credit = fields.get(2)![0]!.readUInt32LE();
    this.fields = fields;
    this.#send = send;
  }

  text(tag: number): string | undefined {
    return this.fields.get(tag)?.at(-1)?.toString('utf8');
  }

  frame(type: number, payload: Uint8Array = Buffer.alloc(0)): void {
    this.#send(encodeFrame(type, this.number, payload));
  }

  item(fields: LiveFields): void {
    this.frame(liveFrame.item, encodeFields(fields));
  }

  data(bytes: Uint8Array): void {
    this.frame(liveFrame.data, Buffer.concat([Uint8Array.of(0), bytes]));
  }

  grant(bytes: number, stream = 0): void {
    this.frame(liveFrame.inputCredit, Buffer.concat([Uint8Array.of(stream), u32(bytes)]));
  }

  end(fields: LiveFields = []): void {
    this.frame(liveFrame.end, encodeFields(fields));
  }

  fail(code: string, message = 'as the script says'): void {
    this.frame(
      liveFrame.fail,
      encodeFields([
        [1, Buffer.from(code)],
        [2, Buffer.from(message)],
      ]),
    );
  }
}

/** What a script does when a call begins, is sent something, gets credit, or is cancelled. */
export type LiveScript = (call: ScriptedCall, why: 'call' | 'sent' | 'ended' | 'credit' | 'cancelled') => void;

/**
 * Plays the live service of a sandbox that stays, so that what speaks with one can be tested without a sandbox. Unless the
 * script says otherwise, calls end at once, with nothing.
 */
export class ScriptedLiveService {
  boot = 1;
  script: LiveScript = (call, why) => {
    if (why === 'call') call.end();
    if (why === 'cancelled') call.fail('cancelled');
  };
  /** Whether it greets whoever connects. */
  greets = true;
  answersPings = true;
  readonly calls: ScriptedCall[] = [];
  #out: Outbox | undefined;

  /** As {@link SandboxDriver.connect}. */
  connect = (input: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> => {
    const out = new Outbox();
    this.#out = out;
    if (this.greets) this.greet();
    void this.#read(input, out);
    return out;
  };

  greet(fields: LiveFields = this.#greeting()): void {
    this.raw(liveFrame.hello, 0, encodeFields(fields));
  }

  #greeting(): LiveFields {
    return [
      [1, Uint8Array.of(liveVersion, 0)],
      [2, Buffer.from('home=/home/sandbox')],
      [3, u64(this.boot)],
    ];
  }

  /** Any frame, right or wrong. */
  raw(type: number, channel: number, payload: Uint8Array = Buffer.alloc(0)): void {
    this.#out?.push(encodeFrame(type, channel, payload));
  }

  bytes(bytes: Buffer): void {
    this.#out?.push(bytes);
  }

  /** Ends the connection, once what was sent is on its way. */
  async hangUp(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#out?.close();
  }

  async #read(input: AsyncIterable<Uint8Array>, out: Outbox): Promise<void> {
    const reader = new FrameReader();
    const calls = new Map<number, ScriptedCall>();
    for await (const chunk of input)
      for (const frame of reader.push(Buffer.from(chunk))) this.#take(frame, calls, (bytes) => out.push(bytes));
    out.close();
  }

  #take(frame: Frame, calls: Map<number, ScriptedCall>, send: (bytes: Buffer) => void): void {
    const { type, run, payload } = frame;
    if (type === liveFrame.ping) {
      if (this.answersPings) send(encodeFrame(liveFrame.pong, 0, payload));
      return;
    }
    if (type === liveFrame.call) {
      const call = new ScriptedCall(frame, send);
      calls.set(run, call);
      this.calls.push(call);
      return this.script(call, 'call');
    }
    const call = calls.get(run)!;
    if (type === liveFrame.credit) {
      call.credit += payload.readUInt32LE();
      return this.script(call, 'credit');
    }
    if (type === liveFrame.cancel) {
      call.isCancelled = true;
      return this.script(call, 'cancelled');
    }
    const stream = payload[0]!;
    if (type === liveFrame.sendEnd) {
      call.ended.add(stream);
      return this.script(call, 'ended');
    }
    call.sent.set(stream, [...(call.sent.get(stream) ?? []), payload.subarray(1)]);
    this.script(call, 'sent');
  }
}

const nothing = { cpuMs: 1, memoryBytes: 2, peakMemoryBytes: 3, processes: 4, readBytes: null, writtenBytes: null };

/** A driver whose sandboxes can stay, and outlive the host that made them: give it to the next one. */
export class ScriptedLiveDriver extends ScriptedDriver {
  /** By id: what is reached by `connect`. */
  readonly services = new Map<string, ScriptedLiveService>();
  readonly specs: LiveSpec[] = [];
  /** What it was asked for, in order: `pause ID`. */
  readonly asked: string[] = [];
  /** Called before each of these; what it throws is what the driver fails with. */
  fault: (step: string, id: string) => void | Promise<void> = () => undefined;
  private readonly states = new Map<string, SandboxInfo>();

  constructor() {
    super();
    this.report = { ...this.report, capabilities: ['live', 'pause', 'stats', 'network-policy', 'volumes'] };
  }

  async createLive(spec: LiveSpec): Promise<SandboxInfo> {
    this.specs.push(spec);
    await this.fault('create', spec.id);
    const info: SandboxInfo = {
      id: spec.id,
      state: 'running',
      createdAt: new Date().toISOString(),
      labels: spec.labels,
    };
    this.states.set(spec.id, info);
    this.services.set(spec.id, new ScriptedLiveService());
    return info;
  }

  async *connect(id: string, input: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    await this.fault('connect', id);
    yield* this.known(id).connect(input);
  }

  async adopt(): Promise<readonly SandboxInfo[]> {
    await this.fault('adopt', '');
    return [...this.states.values()];
  }

  async pause(id: string): Promise<void> {
    await this.change('pause', id, 'paused');
  }

  async resume(id: string): Promise<void> {
    await this.change('resume', id, 'running');
  }

  async stats(id: string): Promise<BoxStats> {
    await this.fault('stats', id);
    this.known(id);
    return { box: { at: Date.now(), ...nothing }, runs: {} };
  }

  override async destroy(id: string): Promise<void> {
    if (!this.states.has(id)) return super.destroy(id);
    this.asked.push(`destroy ${id}`);
    await this.fault('destroy', id);
    this.lose(id);
  }

  /** It dies by itself. */
  lose(id: string): void {
    const service = this.services.get(id);
    this.services.delete(id);
    this.states.delete(id);
    void service?.hangUp();
  }

  /** Its processes end, and it stays behind. */
  exit(id: string): void {
    this.states.set(id, { ...this.states.get(id)!, state: 'exited' });
  }

  private async change(step: 'pause' | 'resume', id: string, state: SandboxInfo['state']): Promise<void> {
    this.asked.push(`${step} ${id}`);
    await this.fault(step, id);
    this.known(id);
    this.states.set(id, { ...this.states.get(id)!, state });
  }

  private known(id: string): ScriptedLiveService {
    const service = this.services.get(id);
    if (!service) throw new SoulboxError('not_found', `there is no sandbox ${id}`);
    return service;
  }
}
