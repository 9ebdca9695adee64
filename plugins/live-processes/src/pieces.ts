import { CharacterSplitter, toWireText, type ProcessEvent } from '@soulbox/plugin-sdk';
import type { Output } from './shapes.ts';

type Stream = 'stdout' | 'stderr' | 'control';

/** The beginning of a character, which comes with the next piece of its stream. */
interface Held {
  readonly splitter: CharacterSplitter;
  bytes: number;
  offset: number;
}

/** Output as clients see it: no piece ends inside a character. */
export class Pieces {
  readonly #held = new Map<Stream, Held>();

  /** What can be told now; nothing while there is only the beginning of a character. */
  *of(event: Exclude<ProcessEvent, { type: 'ended' }>): Generator<Output> {
    if (event.type === 'gap') {
      yield* this.rest();
      yield event;
      return;
    }
    const { stream, offset, data } = event;
    const held = this.#held.get(stream) ?? { splitter: new CharacterSplitter(), bytes: 0, offset };
    this.#held.set(stream, held);
    const from = held.bytes > 0 ? held.offset : offset;
    const whole = held.splitter.push(data);
    held.bytes += data.length - whole.length;
    held.offset = held.bytes <= data.length ? offset + data.length - held.bytes : from;
    if (whole.length > 0) yield { type: 'output', stream, offset: from, ...toWireText(whole) };
  }

  /** What was held back for characters that never ended. */
  *rest(): Generator<Output> {
    for (const [stream, { splitter, offset }] of this.#held) {
      const bytes = splitter.flush();
      if (bytes.length > 0) yield { type: 'output', stream, offset, ...toWireText(bytes) };
    }
    this.#held.clear();
  }
}
