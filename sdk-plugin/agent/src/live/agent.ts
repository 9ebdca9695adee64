import { constants } from 'node:os';
import type {
  FileEntry,
  GatewayEvent,
  LiveAgent,
  ProcessEvent,
  ProcessInfo,
  ProcessSpec,
  SearchMatch,
  SearchQuery,
  TerminalSize,
  WatchEvent,
  WriteOptions,
} from '../../../src/contracts/live.ts';
import { SoulboxError } from '../../../src/errors.ts';
import { Condition } from '../condition.ts';
import { u32 as encodeU32, u64 as encodeU64 } from '../fields.ts';
import type { Frame } from '../frame-reader.ts';
import type { CallOptions, LiveCall, RequestFields } from './call.ts';
import type { LiveConnection } from './connection.ts';
import { entryOf, Fields, gatewayEventOf, matchOf, outputOf, portsOf, processOf, watchEventOf } from './decode.ts';
import type { LiveMethod } from './frames.ts';

interface Abortable {
  readonly signal?: AbortSignal;
}

const text = (value: string): Buffer => Buffer.from(value, 'utf8');

/** @throws invalid_params for what is no whole number up to `most` */
const whole =
  (most: number, encode: (value: number) => Buffer) =>
  (value: number): Buffer => {
    if (Number.isSafeInteger(value) && value >= 0 && value <= most) return encode(value);
    throw new SoulboxError('invalid_params', `${value} is no whole number from 0 to ${most}`);
  };
const u16 = whole(2 ** 16 - 1, (value) => Buffer.from(Uint16Array.of(value).buffer));
const u32 = whole(2 ** 32 - 1, encodeU32);
const u64 = whole(Number.MAX_SAFE_INTEGER, encodeU64);

/** One flags word: bit n for the n-th of `set`. */
function flags(...set: readonly (boolean | undefined)[]): Buffer {
  return u32(set.reduce<number>((word, isSet, bit) => (isSet ? word | (1 << bit) : word), 0));
}

/** Fields whose value there is. */
function given(...fields: readonly (readonly [number, Uint8Array | undefined])[]): RequestFields {
  return fields.filter((field): field is readonly [number, Uint8Array] => field[1] !== undefined);
}

const optional = <T>(value: T | undefined, encode: (value: T) => Uint8Array): Uint8Array | undefined =>
  value === undefined ? undefined : encode(value);

const payloadOf = ({ payload }: Frame): Buffer => payload;
const dataOf = ({ payload }: Frame): Buffer => payload.subarray(1);
const chunksOf = (call: LiveCall): AsyncIterable<Uint8Array> => withoutEmpty(call.each(dataOf));

/** An empty piece tells the end of a direction; what is iterated needs none. */
async function* withoutEmpty(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  for await (const chunk of chunks) if (chunk.length > 0) yield chunk;
}

/** What is to be sent as it comes, until it is ended. */
class Answers implements AsyncIterable<Uint8Array> {
  readonly #changed = new Condition();
  readonly #waiting: Uint8Array[] = [];
  #over = false;

  push(answer: Uint8Array): void {
    this.#waiting.push(answer);
    this.#changed.notify();
  }

  end(): void {
    this.#over = true;
    this.#changed.notify();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    while (!this.#over) {
      // One by one: what is pushed while one is sent must be seen before it is waited for more.
      const next = this.#waiting.shift();
      if (next) yield next;
      else await this.#changed.wait();
    }
  }
}

/** {@link LiveAgent} over one connection. */
export class ConnectedAgent implements LiveAgent {
  readonly #connection: LiveConnection;
  /** To the questions of the gateway under way. */
  #answers: Answers | undefined;

  constructor(connection: LiveConnection) {
    this.#connection = connection;
  }

  async #ask(method: LiveMethod, fields: RequestFields, options?: CallOptions): Promise<Buffer> {
    return this.#connection.call(method, fields, options).result();
  }

  async #do(method: LiveMethod, fields: RequestFields, options?: CallOptions): Promise<void> {
    await this.#ask(method, fields, options);
  }

  async #entry(method: LiveMethod, fields: RequestFields, options?: CallOptions): Promise<FileEntry> {
    return entryOf(await this.#ask(method, fields, options));
  }

  /** Begins when it is iterated. */
  async *#each<T>(
    method: LiveMethod,
    fields: RequestFields,
    options: CallOptions,
    decode: (payload: Buffer) => T,
  ): AsyncIterable<T> {
    yield* this.#connection.call(method, fields, options).each((frame) => decode(payloadOf(frame)));
  }

  async stat(path: string, { follow }: { readonly follow?: boolean } = {}): Promise<FileEntry> {
    return this.#entry('stat', [
      [3, text(path)],
      [4, flags(follow)],
    ]);
  }

  list(
    path: string,
    { depth, most, signal }: { readonly depth?: number; readonly most?: number } & Abortable = {},
  ): AsyncIterable<readonly FileEntry[]> {
    const fields = given([3, text(path)], [4, optional(depth, u32)], [5, optional(most, u32)]);
    return this.#each('list', fields, { signal }, (payload) => new Fields(payload).all(1).map(entryOf));
  }

  async *read(
    path: string,
    { offset, length, signal }: { readonly offset?: number; readonly length?: number } & Abortable = {},
  ): AsyncIterable<Uint8Array> {
    const fields = given([3, text(path)], [4, optional(offset, u64)], [5, optional(length, u64)]);
    yield* chunksOf(this.#connection.call('read', fields, { signal }));
  }

  async write(
    path: string,
    content: AsyncIterable<Uint8Array>,
    { append, exclusive, parents, atomic, mode, signal }: WriteOptions & Abortable = {},
  ): Promise<FileEntry> {
    const fields = given([3, text(path)], [4, flags(append, exclusive, parents, atomic)], [5, optional(mode, u32)]);
    return this.#entry('write', fields, { input: content, signal });
  }

  async makeFolder(
    path: string,
    { parents, mode }: { readonly parents?: boolean; readonly mode?: number } = {},
  ): Promise<FileEntry> {
    return this.#entry('folder', given([3, text(path)], [4, flags(parents)], [5, optional(mode, u32)]));
  }

  async move(from: string, to: string, { replace }: { readonly replace?: boolean } = {}): Promise<void> {
    return this.#do('move', [
      [3, text(from)],
      [4, text(to)],
      [5, flags(replace)],
    ]);
  }

  async copy(
    from: string,
    to: string,
    { replace, recursive, signal }: { readonly replace?: boolean; readonly recursive?: boolean } & Abortable = {},
  ): Promise<number> {
    const fields = given([3, text(from)], [4, text(to)], [5, flags(replace, recursive)]);
    return new Fields(await this.#ask('copy', fields, { signal })).number(1, 8);
  }

  async remove(
    path: string,
    { recursive, missing, signal }: { readonly recursive?: boolean; readonly missing?: boolean } & Abortable = {},
  ): Promise<void> {
    return this.#do('remove', given([3, text(path)], [4, flags(recursive, missing)]), { signal });
  }

  async set(
    path: string,
    {
      mode,
      modifiedAt,
      recursive,
    }: { readonly mode?: number; readonly modifiedAt?: number; readonly recursive?: boolean },
  ): Promise<FileEntry> {
    const change = given([5, optional(mode, u32)], [6, optional(modifiedAt, u64)]);
    return this.#entry('set', [[3, text(path)], [4, flags(recursive)], ...change]);
  }

  async link(path: string, target: string): Promise<FileEntry> {
    return this.#entry('link', [
      [3, text(path)],
      [4, text(target)],
    ]);
  }

  watch(
    path: string,
    { recursive, signal }: { readonly recursive?: boolean } & Abortable = {},
  ): AsyncIterable<WatchEvent> {
    return this.#each('watch', given([3, text(path)], [4, flags(recursive)]), { signal }, watchEventOf);
  }

  search(
    path: string,
    { name, text: wanted, expression, anyCase, most, signal }: SearchQuery & Abortable,
  ): AsyncIterable<SearchMatch> {
    const fields = given(
      [3, text(path)],
      [4, optional(name, text)],
      [5, optional(wanted, text)],
      [6, flags(expression, anyCase)],
      [7, optional(most, u32)],
    );
    return this.#each('search', fields, { signal }, matchOf);
  }

  async *pack(paths: readonly string[], { signal }: Abortable = {}): AsyncIterable<Uint8Array> {
    const fields = paths.map((path) => [3, text(path)] as const);
    yield* chunksOf(this.#connection.call('pack', fields, { signal }));
  }

  async unpack(
    folder: string,
    tar: AsyncIterable<Uint8Array>,
    {
      replace,
      mostBytes,
      mostEntries,
      signal,
    }: { readonly replace?: boolean; readonly mostBytes?: number; readonly mostEntries?: number } & Abortable = {},
  ): Promise<{ readonly entries: number; readonly bytes: number }> {
    const fields = given(
      [3, text(folder)],
      [4, flags(replace)],
      [5, optional(mostBytes, u64)],
      [6, optional(mostEntries, u64)],
    );
    const told = new Fields(await this.#ask('unpack', fields, { input: tar, signal }));
    return { entries: told.number(1, 8), bytes: told.number(2, 8) };
  }

  async start(spec: ProcessSpec): Promise<ProcessInfo> {
    const { terminal } = spec;
    const fields = [
      ...spec.argv.map((argument) => [3, text(argument)] as const),
      ...Object.entries(spec.env).map(([name, value]) => [4, text(`${name}=${value}`)] as const),
      ...given(
        [5, optional(spec.cwd, text)],
        [6, flags(spec.stdin === true || terminal !== undefined, terminal !== undefined, spec.control)],
        [7, optional(terminal?.rows, u16)],
        [8, optional(terminal?.columns, u16)],
        [9, optional(spec.keptBytes, u32)],
        [10, optional(spec.timeoutMs, u64)],
        [11, optional(spec.tag, text)],
      ),
    ];
    return processOf(await this.#ask('start', fields));
  }

  async *attach(
    id: number,
    { from, signal }: { readonly from?: number } & Abortable = {},
  ): AsyncIterable<ProcessEvent> {
    const fields = given([3, u32(id)], [4, optional(from, u64)]);
    const ended = yield* this.#connection
      .call('attach', fields, { signal })
      .each((frame) => outputOf(payloadOf(frame)));
    yield { type: 'ended', process: processOf(ended) };
  }

  async input(
    id: number,
    data: AsyncIterable<Uint8Array>,
    { control = false, close, signal }: { readonly control?: boolean; readonly close?: boolean } & Abortable = {},
  ): Promise<void> {
    const fields = given([3, u32(id)], [4, Uint8Array.of(control ? 3 : 0)], [5, flags(close)]);
    return this.#do('input', fields, { input: data, signal });
  }

  /** @throws invalid_params for a name that is no signal's. */
  async kill(id: number, name: string, { session }: { readonly session?: boolean } = {}): Promise<void> {
    const number = Object.hasOwn(constants.signals, name) ? constants.signals[name as NodeJS.Signals] : undefined;
    if (number === undefined) throw new SoulboxError('invalid_params', 'there is no signal of this name');
    await this.#do('signal', [
      [3, u32(id)],
      [4, Uint8Array.of(number)],
      [5, flags(session)],
    ]);
  }

  async resize(id: number, { rows, columns }: TerminalSize): Promise<void> {
    return this.#do('resize', [
      [3, u32(id)],
      [4, u16(rows)],
      [5, u16(columns)],
    ]);
  }

  async processes(): Promise<readonly ProcessInfo[]> {
    const listed: ProcessInfo[] = [];
    const items = this.#each('listing', [], {}, (payload) => new Fields(payload).all(1).map(processOf));
    for await (const some of items) listed.push(...some);
    return listed;
  }

  async forget(id: number): Promise<void> {
    return this.#do('forget', [[3, u32(id)]]);
  }

  async *dial(port: number, input: AsyncIterable<Uint8Array>, { signal }: Abortable = {}): AsyncIterable<Uint8Array> {
    yield* this.#connection.call('dial', [[3, u16(port)]], { input, signal }).each(dataOf);
  }

  async ports(): Promise<readonly { readonly port: number; readonly address: string }[]> {
    const listed: { readonly port: number; readonly address: string }[] = [];
    for await (const some of this.#each('ports', [], {}, portsOf)) listed.push(...some);
    return listed;
  }

  async *gateway({ signal }: Abortable = {}): AsyncIterable<GatewayEvent> {
    const call = this.#connection.call('gateway', [], { signal });
    const answers = new Answers();
    this.#answers = answers;
    call.feed(1, answers);
    try {
      yield* call.each((frame) => gatewayEventOf(payloadOf(frame)));
    } finally {
      answers.end();
    }
  }

  async answer(question: number, message: Uint8Array): Promise<void> {
    this.#answers?.push(Buffer.concat([u32(question), u16(message.length), message]));
  }

  async *take(
    connection: number,
    input: AsyncIterable<Uint8Array>,
    { signal }: Abortable = {},
  ): AsyncIterable<Uint8Array> {
    yield* this.#connection.call('take', [[3, u32(connection)]], { input, signal }).each(dataOf);
  }

  async drop(connection: number): Promise<void> {
    return this.#do('drop', [[3, u32(connection)]]);
  }
}
