import type { RunEvent } from '../../src/contracts/sandbox.ts';

type Output = { type: 'stdout' | 'stderr'; buffer: Buffer; length: number };
type Entry = Output | Extract<RunEvent, { type: 'stage' | 'file' }>;

const maximumPieces = 256;

/**
 * What a run has said and its consumer not yet taken. Credit bounds the bytes; since a hostile program can send them
 * one by one, the pieces are bounded here: from 256 on, they are joined per stream, and only the order between
 * standard output and standard error gets coarser.
 */
export class Backlog {
  readonly #entries: Entry[] = [];
  #pieces = 0;

  pushStage(name: string): void {
    this.#entries.push({ type: 'stage', name });
  }

  pushFile(data: Buffer): void {
    this.#entries.push({ type: 'file', data: Buffer.from(data), last: data.length === 0 });
  }

  pushOutput(type: 'stdout' | 'stderr', data: Buffer): void {
    const last = this.#pieces < maximumPieces ? undefined : this.#joinable(type);
    if (last) append(last, data);
    else {
      // A copy, because the view would keep the whole read buffer in memory for a few bytes.
      this.#entries.push({ type, buffer: Buffer.from(data), length: data.length });
      this.#pieces++;
    }
  }

  take(): Exclude<RunEvent, { type: 'end' }> | undefined {
    const entry = this.#entries.shift();
    if (entry === undefined || !('buffer' in entry)) return entry;
    this.#pieces--;
    return { type: entry.type, data: entry.buffer.subarray(0, entry.length) };
  }

  get empty(): boolean {
    return this.#entries.length === 0;
  }

  clear(): void {
    this.#entries.length = 0;
    this.#pieces = 0;
  }

  /** The newest piece of this stream, among the two newest pieces of the current stage. */
  #joinable(type: string): Output | undefined {
    for (const entry of this.#entries.slice(-2).toReversed()) {
      if (!('buffer' in entry)) return undefined;
      if (entry.type === type) return entry;
    }
    return undefined;
  }
}

function append(piece: Output, data: Buffer): void {
  const length = piece.length + data.length;
  if (length > piece.buffer.length) {
    const larger = Buffer.allocUnsafe(Math.max(length, piece.buffer.length * 2));
    piece.buffer.copy(larger, 0, 0, piece.length);
    piece.buffer = larger;
  }
  data.copy(piece.buffer, piece.length);
  piece.length = length;
}
