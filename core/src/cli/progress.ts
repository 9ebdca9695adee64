import { stripVTControlCharacters } from 'node:util';
import { forPeople } from './for-people.ts';
import { write, type Terminal } from './terminal.ts';

const usualColumns = 80;
const eraseLine = '\r\u001b[K';

/** The events of a call as people see them come in, on a terminal; elsewhere nothing is shown. */
export interface Progress {
  show(event: unknown): Promise<void>;
  /** Takes away what stands in an unfinished line. */
  end(): Promise<void>;
}

const silent: Progress = { show: () => Promise.resolve(), end: () => Promise.resolve() };

/** What others wrote, so that it can do nothing to a terminal. */
function harmless(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are what is looked for
  return stripVTControlCharacters(text).replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}

/** The event's plain values in a line: `a  3  half done`; `undefined` where there are none. */
function lineOf(event: Record<string, unknown>): string | undefined {
  const plain = Object.values(event).filter((value) => ['string', 'number', 'boolean'].includes(typeof value));
  return plain.length === 0 ? undefined : harmless(plain.map(String).join('  '));
}

/** Each event in the place of the one before; those that are tables one below the other. */
export function showProgress(stream: Terminal['stderr'] & { readonly columns?: number }): Progress {
  if (stream.isTTY !== true) return silent;
  const width = (stream.columns ?? usualColumns) - 1;
  return {
    async show(event) {
      const values = (event ?? {}) as Record<string, unknown>;
      const line = lineOf(values);
      const table = () => forPeople(values).split('\n').map(harmless).join('\n');
      await write(stream, line === undefined ? table() : `${eraseLine}${line.slice(0, width)}`);
    },
    end: () => write(stream, eraseLine),
  };
}
