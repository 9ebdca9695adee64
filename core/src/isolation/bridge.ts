import type { Logger } from 'pino';
import { SoulboxError } from '@soulbox/plugin-sdk';
import { Maps } from './maps.ts';
import { decode, encode, type Exports, type Imports } from './marshal.ts';
import { Peer } from './peer.ts';
import { ReferenceTable } from './reference-table.ts';
import { Signals } from './signals.ts';
import { Streams } from './streams.ts';

export type AnyFunction = (...args: never[]) => unknown;
type Fn = (...args: unknown[]) => unknown;

export interface BridgeOptions {
  readonly send: (message: object) => void;
  /** Takes the place of a logger that the other side passes. */
  readonly log: Logger;
  /** How long the other side may take to answer a call, in milliseconds; for ever by default. */
  readonly callMs?: number;
}

/**
 * Lets two processes call each other's functions. What cannot be copied stays on its side and is referred to:
 * functions, objects with methods, iterables, abort signals. The call of a stand-in gives a promise that can also be
 * iterated, so that a method which returns an AsyncIterable at once is used as it is inline.
 *
 * What a call passes may be used until the call has ended, or the iterable that it answered with. What is passed to a
 * root function, and what a call answers with, lasts as long as the other side holds on to it.
 */
export class Bridge {
  private readonly peer: Peer;
  private readonly functions = new ReferenceTable<Fn>();
  private readonly signals: Signals;
  private readonly streams: Streams;
  private readonly maps: Maps;
  private readonly log: Logger;
  private readonly callMs: number | undefined;
  /** The numbers under which the other side keeps what stand-ins stand for. */
  private readonly numbers = new WeakMap<Fn, number>();
  private collected: number[] = [];
  private readonly registry = new FinalizationRegistry<number>((ref) => this.release(ref));

  /** `root` are the functions of this side that the other one calls by name. */
  constructor(root: Readonly<Record<string, AnyFunction>>, { send, log, callMs }: BridgeOptions) {
    this.log = log;
    this.callMs = callMs;
    this.peer = new Peer(send);
    const codec = {
      encode: (value: unknown) => encode(value, this.exports()),
      decode: (value: unknown) => decode(value, this.imports()),
    };
    this.signals = new Signals(this.peer);
    this.streams = new Streams(this.peer, codec);
    this.maps = new Maps(this.peer, codec);
    this.peer.on('root', ({ name, args }: { name: string; args: readonly unknown[] }) => {
      if (!Object.hasOwn(root, name)) throw new SoulboxError('unknown_operation', `the bridge has no "${name}"`);
      return this.run(root[name] as Fn, args);
    });
    this.peer.on('call', ({ ref, args }: { ref: number; args: readonly unknown[] }) =>
      this.run(this.functions.get(ref), args),
    );
    this.peer.on('release', ({ refs }: { refs: readonly number[] }) => {
      for (const ref of refs) this.functions.drop(ref);
    });
  }

  receive(message: unknown): void {
    this.peer.receive(message);
  }

  /** How many things are kept for the other side, or stand in for things of the other side until a call ends. */
  get size(): number {
    return this.functions.size + this.streams.size + this.signals.size;
  }

  /** Calls a root function of the other side. @throws its error; plugin_timeout; the reason of {@link close}. */
  async root(name: string, args: readonly unknown[], timeoutMs?: number): Promise<unknown> {
    this.maps.sync();
    const encoded = args.map((arg) => encode(arg, this.exports()));
    return this.answer(await this.peer.call('root', { name, args: encoded }, timeoutMs));
  }

  /** Calls a root function of the other side with plain data and does not wait. */
  tell(name: string, args: readonly unknown[]): void {
    this.peer.notify('root', { name, args });
  }

  /** The same stand-in without the deadline of calls. @throws plugin_failed for anything else. */
  patient(standIn: unknown): Fn {
    const ref = this.numbers.get(standIn as Fn);
    if (ref === undefined) throw new SoulboxError('plugin_failed', 'a function was expected');
    // Holding on to the stand-in keeps the other side from forgetting what it stands for.
    return Object.assign((...args: unknown[]) => this.call(ref, args, undefined), { standIn });
  }

  /** Ends everything: calls and iterations under way reject with `reason`. */
  close(reason: Error): void {
    this.peer.close(reason);
    this.signals.close();
    this.streams.close();
    this.functions.dropAll();
  }

  private answer(response: unknown): unknown {
    return decode((response as { value?: unknown }).value, this.imports());
  }

  /** Runs a function of this side for the other. */
  private async run(fn: Fn, args: readonly unknown[]): Promise<{ value: unknown }> {
    const signals: number[] = [];
    const over = () => {
      for (const ref of signals) this.signals.forget(ref);
    };
    let streaming = false;
    const streams = (stream: AsyncIterable<unknown>) => {
      streaming = true;
      return this.streams.export(stream, over);
    };
    try {
      const value = await fn(...args.map((arg) => decode(arg, this.imports(signals))));
      return { value: encode(value, { ...this.exports(), keepStream: streams }) };
    } finally {
      if (!streaming) over();
    }
  }

  private call(ref: number, args: readonly unknown[], timeoutMs: number | undefined): Promise<unknown> {
    const answered = this.send(ref, args, timeoutMs);
    return Object.assign(answered, {
      [Symbol.asyncIterator]: async function* () {
        yield* (await answered) as AsyncIterable<unknown>;
      },
    });
  }

  private async send(ref: number, args: readonly unknown[], timeoutMs: number | undefined): Promise<unknown> {
    const passed: (() => void)[] = [];
    const over = () => {
      for (const drop of passed) drop();
    };
    let streaming = false;
    try {
      this.maps.sync();
      const encoded = args.map((arg) => encode(arg, this.exports(passed)));
      const value = this.answer(await this.peer.call('call', { ref, args: encoded }, timeoutMs));
      if (typeof value !== 'object' || value === null || !(Symbol.asyncIterator in value)) return value;
      streaming = true;
      return whenOver(value as AsyncIterable<unknown>, over);
    } finally {
      if (!streaming) over();
    }
  }

  /** Keeps things for the other side: until the functions in `passed` are called, or until it lets go of them. */
  private exports(passed?: (() => void)[]): Exports {
    return {
      keepFunction: (fn) => {
        const ref = this.functions.keep(fn);
        passed?.push(() => void this.functions.drop(ref));
        return ref;
      },
      keepStream: (stream) => {
        const ref = this.streams.export(stream);
        passed?.push(() => this.streams.abandon(ref));
        return ref;
      },
      keepSignal: (signal) => {
        const ref = this.signals.export(signal);
        passed?.push(() => this.signals.drop(ref));
        return ref;
      },
      keepMap: (map) => this.maps.export(map),
    };
  }

  private imports(signals?: number[]): Imports {
    return {
      log: this.log,
      functionFor: (ref) => this.standIn(ref),
      streamFor: (ref) => this.streams.import(ref),
      signalFor: (ref, aborted) => {
        signals?.push(ref);
        return this.signals.import(ref, aborted);
      },
      mapFor: (ref, entries) => this.maps.import(ref, entries),
    };
  }

  private standIn(ref: number): Fn {
    const fn: Fn = (...args) => this.call(ref, args, this.callMs);
    this.numbers.set(fn, ref);
    this.registry.register(fn, ref);
    return fn;
  }

  /** Tells the other side, many at a time, what nobody holds any more. */
  private release(ref: number): void {
    this.collected.push(ref);
    if (this.collected.length > 1) return;
    setImmediate(() => {
      this.peer.notify('release', { refs: this.collected });
      this.collected = [];
    });
  }
}

/** The same stream, with something to be done once when it is over or given up. */
async function* whenOver(stream: AsyncIterable<unknown>, over: () => void): AsyncGenerator {
  try {
    yield* stream;
  } finally {
    over();
  }
}
