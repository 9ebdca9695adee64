import { isUtf8 } from 'node:buffer';
import { SoulboxError } from './errors.ts';

/** Bytes as they go over a wire that knows text only. */
export interface WireText {
  readonly text: string;
  readonly encoding: 'utf8' | 'base64';
}

export function toWireText(bytes: Uint8Array): WireText {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return isUtf8(buffer)
    ? { text: buffer.toString('utf8'), encoding: 'utf8' }
    : { text: buffer.toString('base64'), encoding: 'base64' };
}

/**
 * The bytes that a client sent as text; `field` is where, for the message.
 * @throws invalid_params for what is not base64 though it is said to be.
 */
export function fromWireText(text: string, encoding: WireText['encoding'] | undefined, field: string): Uint8Array {
  const bytes = Buffer.from(text, encoding ?? 'utf8');
  // Node skips what is not base64; a client that sent it would get other bytes than the ones it meant.
  if (encoding === 'base64' && bytes.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, '')) {
    throw new SoulboxError('invalid_params', `${field}: is not base64`, {
      details: { problems: [{ path: field, message: 'is not base64' }] },
    });
  }
  return bytes;
}

/** How many bytes at the end begin a character that is not complete yet: 0 to 3. */
function incompleteTail(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0b1100_0000) === 0b1000_0000) continue;
    const length = byte >= 0b1111_0000 ? 4 : byte >= 0b1110_0000 ? 3 : byte >= 0b1100_0000 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

/** Cuts a stream of bytes into pieces that do not end inside a UTF-8 character. */
export class CharacterSplitter {
  private held: Uint8Array = new Uint8Array(0);

  /** The next whole piece; empty when there is only the beginning of a character so far. */
  push(chunk: Uint8Array): Uint8Array {
    const joined = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk]);
    const cut = joined.length - incompleteTail(joined);
    this.held = joined.subarray(cut);
    return joined.subarray(0, cut);
  }

  /** What was held back for a character that never ended. */
  flush(): Uint8Array {
    const rest = this.held;
    this.held = new Uint8Array(0);
    return rest;
  }
}

/** The beginning of a stream, of at most so many bytes. */
export class Beginning {
  readonly #pieces: Uint8Array[] = [];
  #room: number;
  /** Whether there was more. */
  truncated = false;

  constructor(most: number) {
    this.#room = most;
  }

  add(data: Uint8Array): void {
    const kept = data.subarray(0, this.#room);
    this.truncated ||= kept.length < data.length;
    this.#room -= kept.length;
    if (kept.length > 0) this.#pieces.push(kept);
  }

  get wire(): WireText {
    return toWireText(Buffer.concat(this.#pieces));
  }
}
