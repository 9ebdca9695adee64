import { ContextMessageSchema, SoulboxError, type ContextMessage } from '@soulbox/plugin-sdk';

const newline = 10;
const mostDepth = 64;

/** What is nested deeper cannot be written as JSON again: parsing knows no bound, writing does. */
function isShallow(value: unknown, left = mostDepth): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return left > 0 && Object.values(value).every((each) => isShallow(each, left - 1));
}

/** Cuts what comes over a control stream into messages. What it says is user code's word: nothing of it is trusted. */
export class ControlLines {
  readonly #most: number;
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** @throws payload_too_large for a line that is longer than allowed */
  *push(data: Uint8Array): Generator<ContextMessage> {
    let rest = data;
    for (let end = rest.indexOf(newline); end >= 0; end = rest.indexOf(newline)) {
      this.#keep(rest.subarray(0, end));
      const message = this.#message();
      if (message) yield message;
      rest = rest.subarray(end + 1);
    }
    this.#keep(rest);
  }

  #keep(piece: Uint8Array): void {
    this.#bytes += piece.length;
    if (this.#bytes > this.#most)
      throw new SoulboxError('payload_too_large', `a result has more than ${this.#most} bytes`);
    if (piece.length > 0) this.#pieces.push(piece);
  }

  #message(): ContextMessage | undefined {
    const line = Buffer.concat(this.#pieces).toString();
    this.#pieces = [];
    this.#bytes = 0;
    try {
      const said: unknown = JSON.parse(line);
      return isShallow(said) ? ContextMessageSchema.safeParse(said).data : undefined;
    } catch {
      return undefined; // user code wrote to the stream: the interpreter's own lines come yet
    }
  }
}
