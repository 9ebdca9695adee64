import { Beginning, type ContextError } from '@soulbox/plugin-sdk';
import type { Shown, Stream } from './cell.ts';
import type { Config } from './config.ts';
import type { CellResult } from './shapes.ts';

/** What the answer to a cell has of what it did. */
export class Collected {
  readonly #streams: Readonly<Record<Stream, Beginning>>;
  readonly #results: CellResult['results'] = [];
  #room: number;
  #truncated = false;
  error: ContextError | null = null;

  constructor({ collectedBytes, resultsBytes }: Config) {
    this.#streams = { stdout: new Beginning(collectedBytes), stderr: new Beginning(collectedBytes) };
    this.#room = resultsBytes;
  }

  output(stream: Stream, data: Uint8Array): void {
    this.#streams[stream].add(data);
  }

  shown({ type, data, metadata }: Shown): void {
    const size = JSON.stringify(data).length;
    if (size > this.#room) {
      this.#truncated = true;
      return;
    }
    this.#room -= size;
    this.#results.push({ type, data, metadata });
  }

  get result(): Omit<CellResult, 'context' | 'state'> {
    const { stdout, stderr } = this.#streams;
    const [out, err] = [stdout.wire, stderr.wire];
    return {
      results: this.#results,
      error: this.error,
      stdout: out.text,
      stderr: err.text,
      encoding: { stdout: out.encoding, stderr: err.encoding },
      truncated: { stdout: stdout.truncated, stderr: stderr.truncated, results: this.#truncated },
    };
  }
}
