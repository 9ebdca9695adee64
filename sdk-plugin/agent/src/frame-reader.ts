import { frameOverhead, maximumPayload } from './protocol.ts';
import { violation } from './violation.ts';

export interface Frame {
  readonly type: number;
  readonly run: number;
  readonly payload: Buffer;
}

const lengthBytes = 4;
const headerBytes = lengthBytes + frameOverhead;

/** Cuts a byte stream into frames. Each byte is copied at most once, however small the pieces are in which it comes. */
export class FrameReader {
  #partial: Buffer = Buffer.alloc(headerBytes);
  #filled = 0;
  #wanted = headerBytes;

  /**
   * The frames that `chunk` completes. Their payloads are views: of `chunk`, or of memory that nothing else uses.
   * @throws agent_protocol for a length out of range.
   */
  *push(chunk: Buffer): Generator<Frame, void, undefined> {
    let at = 0;
    while (at < chunk.length) {
      if (this.#filled === 0 && chunk.length - at >= headerBytes) {
        const end = at + lengthBytes + checkedLength(chunk.readUInt32LE(at));
        if (end <= chunk.length) {
          yield frameIn(chunk.subarray(at, end));
          at = end;
          continue;
        }
      }
      at += this.#fill(chunk, at);
      if (this.#filled < this.#wanted) continue;
      const whole = this.#complete();
      if (whole) yield whole;
    }
  }

  #fill(chunk: Buffer, at: number): number {
    const copied = chunk.copy(this.#partial, this.#filled, at, at + this.#wanted - this.#filled);
    this.#filled += copied;
    return copied;
  }

  /** Takes the frame, or makes room for the rest of it once its length is known. */
  #complete(): Frame | undefined {
    const total = lengthBytes + checkedLength(this.#partial.readUInt32LE(0));
    if (this.#filled < total) {
      const larger = Buffer.allocUnsafe(total);
      this.#partial.copy(larger, 0, 0, this.#filled);
      this.#partial = larger;
      this.#wanted = total;
      return undefined;
    }
    const whole = frameIn(this.#partial);
    this.#partial = Buffer.alloc(headerBytes);
    this.#filled = 0;
    this.#wanted = headerBytes;
    return whole;
  }
}

function checkedLength(length: number): number {
  if (length < frameOverhead || length > maximumPayload + frameOverhead) throw violation(`a frame of ${length} bytes`);
  return length;
}

function frameIn(bytes: Buffer): Frame {
  return {
    type: bytes.readUInt8(lengthBytes),
    run: bytes.readUInt32LE(lengthBytes + 1),
    payload: bytes.subarray(headerBytes),
  };
}
