import { SoulboxError, type Stdin, fromWireText } from '@soulbox/plugin-sdk';

const highWaterBytes = 1024 * 1024;

/** What came with the request. @throws invalid_params */
export function decodeStdin(stdin: Stdin | undefined): { readonly data: Uint8Array; readonly open: boolean } {
  const given = typeof stdin === 'string' ? { data: stdin } : (stdin ?? {});
  return { data: fromWireText(given.data ?? '', given.encoding, 'stdin.data'), open: given.open === true };
}

/** Standard input of one execution: what came with the request, then what `executions.input` adds while it is open. */
export class StdinQueue implements AsyncIterable<Uint8Array> {
  private readonly chunks: Uint8Array[] = [];
  private bytes = 0;
  private open: boolean;
  private wakeReader: (() => void) | undefined;
  private readonly room: (() => void)[] = [];

  constructor(stdin: Stdin | undefined) {
    const { data, open } = decodeStdin(stdin);
    this.open = open;
    if (data.length > 0) this.add(data);
  }

  private add(chunk: Uint8Array): void {
    this.chunks.push(chunk);
    this.bytes += chunk.length;
    this.wakeReader?.();
  }

  /** Resolves when there is room for more. @throws conflict when standard input is closed. */
  async push(chunk: Uint8Array): Promise<void> {
    if (!this.open) throw new SoulboxError('conflict', 'standard input of this execution is closed');
    if (chunk.length > 0) this.add(chunk);
    if (this.bytes > highWaterBytes) await new Promise<void>((resolve) => this.room.push(resolve));
  }

  /** The program reads to the end of what is here, and then the end. */
  close(): void {
    this.open = false;
    this.wakeReader?.();
    for (const resolve of this.room.splice(0)) resolve();
  }

  /** Forgets what was not read; for a program that has ended. */
  discard(): void {
    this.chunks.length = 0;
    this.bytes = 0;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    for (;;) {
      const chunk = this.chunks.shift();
      if (chunk) {
        this.bytes -= chunk.length;
        if (this.bytes <= highWaterBytes) for (const resolve of this.room.splice(0)) resolve();
        yield chunk;
      } else if (!this.open) return;
      else await new Promise<void>((resolve) => (this.wakeReader = resolve));
    }
  }
}
