import { CharacterSplitter, toWireText } from '@soulbox/plugin-sdk';
import type { ExecutionEvent } from '@soulbox/plugin-sdk';

type OutputStream = 'stdout' | 'stderr';
type Entry =
  | { readonly type: OutputStream; readonly bytes: Uint8Array }
  | { readonly type: Exclude<ExecutionEvent['type'], OutputStream>; readonly data: Record<string, unknown> };

const streams = ['stdout', 'stderr'] as const;
/** From so many events on, output is gathered into larger pieces: a program that writes byte by byte must not fill the memory. */
const manyEntries = 10_000;
const gatherMs = 50;

/**
 * Everything that happened in one execution, in order. Output is kept here and nowhere else while it runs; its size is
 * bounded by the execution's output limit, so that any number of slow readers costs nothing more.
 */
export class EventLog {
  private readonly id: string;
  private readonly entries: Entry[] = [];
  private readonly splitters = { stdout: new CharacterSplitter(), stderr: new CharacterSplitter() };
  private readonly waiting = new Set<() => void>();
  private readonly gathered: Record<OutputStream, Uint8Array[]> = { stdout: [], stderr: [] };
  private gathering: NodeJS.Timeout | undefined;
  private ended = false;
  private size = 0;

  constructor(id: string) {
    this.id = id;
  }

  /** Bytes of output kept. */
  get bytes(): number {
    return this.size;
  }

  get lastSeq(): number {
    return this.entries.length;
  }

  event(type: Exclude<ExecutionEvent['type'], OutputStream>, data: Record<string, unknown>): void {
    this.append({ type, data });
  }

  output(stream: OutputStream, chunk: Uint8Array): void {
    const bytes = this.splitters[stream].push(chunk);
    if (bytes.length === 0) return;
    if (this.entries.length < manyEntries) return this.append({ type: stream, bytes: compact(bytes) });
    this.gathered[stream].push(compact(bytes));
    this.gathering ??= setTimeout(() => this.flushGathered(), gatherMs);
  }

  private flushGathered(): void {
    clearTimeout(this.gathering);
    this.gathering = undefined;
    for (const stream of streams) {
      const bytes = Buffer.concat(this.gathered[stream].splice(0));
      if (bytes.length > 0) this.append({ type: stream, bytes });
    }
  }

  /** No more output will come: bytes held back for the end of a character are let go. */
  flushOutput(): void {
    this.flushGathered();
    for (const stream of streams) {
      const bytes = this.splitters[stream].flush();
      if (bytes.length > 0) this.append({ type: stream, bytes });
    }
  }

  private append(entry: Entry): void {
    if ('bytes' in entry) this.size += entry.bytes.length;
    this.entries.push(entry);
    this.notify();
  }

  private notify(): void {
    for (const wake of this.waiting) wake();
    this.waiting.clear();
  }

  /** Nothing more will come. */
  end(): void {
    this.ended = true;
    this.notify();
  }

  /** All the bytes of one output so far. */
  collect(stream: OutputStream): Uint8Array {
    return Buffer.concat(
      this.entries.flatMap((entry) => (entry.type === stream && 'bytes' in entry ? [entry.bytes] : [])),
    );
  }

  /** Events with a sequence number above `seq`, those to come included, until the end or until `signal` aborts. */
  async *after(seq: number, signal: AbortSignal): AsyncIterable<ExecutionEvent> {
    const wakeAll = () => this.notify();
    signal.addEventListener('abort', wakeAll, { once: true });
    try {
      for (let next = seq; !signal.aborted; next += 1) {
        while (next >= this.entries.length && !this.ended && !signal.aborted)
          await new Promise<void>((resolve) => this.waiting.add(resolve));
        const entry = this.entries[next];
        if (!entry || signal.aborted) return;
        yield this.toEvent(entry, next + 1);
      }
    } finally {
      signal.removeEventListener('abort', wakeAll);
    }
  }

  private toEvent(entry: Entry, seq: number): ExecutionEvent {
    if (!('bytes' in entry)) return { id: this.id, seq, type: entry.type, data: entry.data };
    const { text, encoding } = toWireText(entry.bytes);
    return { id: this.id, seq, type: entry.type, data: text, ...(encoding === 'base64' ? { encoding } : {}) };
  }
}

/** A piece that stands alone: a short view of a long buffer would keep the whole of it. */
function compact(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength * 2 < bytes.buffer.byteLength ? Buffer.from(bytes) : bytes;
}
