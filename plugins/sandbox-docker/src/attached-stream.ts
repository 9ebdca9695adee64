import { Duplex } from 'node:stream';
import { SoulboxError } from '@soulbox/plugin-sdk';

const headerBytes = 8;
const stdoutNumber = 1;
const stderrNumber = 2;
const maximumDiagnosis = 4096;

/**
 * The stream of an attached container as its process 1 sees it: what is written goes to its standard input, and what is
 * read is its standard output, without a copy. The first of what it wrote to standard error is kept.
 */
export class AttachedStream extends Duplex {
  readonly #wire: Duplex;
  readonly #header = Buffer.alloc(headerBytes);
  #filled = 0;
  #left = 0;
  #isOutput = true;
  #diagnosis = '';

  constructor(wire: Duplex) {
    super();
    this.#wire = wire;
    wire.on('data', (chunk: Buffer) => this.#take(chunk));
    wire.on('error', (error) => this.destroy(error));
    wire.on('end', () => this.push(null));
    wire.on('close', () => this.destroy());
  }

  /** The first line of standard error. */
  get diagnosis(): string {
    return this.#diagnosis.trim().split('\n', 1)[0]!;
  }

  override _read(): void {
    this.#wire.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#wire.write(chunk, done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    const last = chunks.length - 1;
    this.#wire.cork();
    for (const [index, { chunk }] of chunks.entries()) this.#wire.write(chunk, index === last ? done : undefined);
    this.#wire.uncork();
  }

  override _final(done: () => void): void {
    this.#wire.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#wire.destroy();
    done(error);
  }

  #take(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.destroyed) {
      if (this.#left === 0) at += this.#takeHeader(chunk, at);
      const end = Math.min(chunk.length, at + this.#left);
      if (end > at) this.#deliver(chunk.subarray(at, end));
      at = end;
    }
  }

  #takeHeader(chunk: Buffer, at: number): number {
    const taken = chunk.copy(this.#header, this.#filled, at, at + headerBytes - this.#filled);
    this.#filled += taken;
    if (this.#filled < headerBytes) return taken;
    this.#filled = 0;
    const number = this.#header[0];
    this.#isOutput = number === stdoutNumber;
    this.#left = this.#header.readUInt32BE(4);
    if ((number !== stdoutNumber && number !== stderrNumber) || this.#header.readUIntBE(1, 3) !== 0)
      this.destroy(new SoulboxError('runtime_unavailable', 'the Docker engine garbled the stream of a container'));
    return taken;
  }

  #deliver(bytes: Buffer): void {
    this.#left -= bytes.length;
    if (!this.#isOutput) {
      if (this.#diagnosis.length < maximumDiagnosis)
        this.#diagnosis += bytes.toString('latin1', 0, maximumDiagnosis - this.#diagnosis.length);
    } else if (!this.push(bytes)) this.#wire.pause();
  }
}
