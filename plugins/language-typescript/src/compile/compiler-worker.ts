import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { SoulboxError } from '@soulbox/plugin-sdk';
import { wholeFile, type Compilation, type Program } from './program.ts';

const startTimeoutMs = 30_000;

// The compiler's own memory lies outside these; the size of its input bounds it.
const resourceLimits = { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 };

/** The compiler's memory never shrinks: a worker that has seen this many bytes at once is not kept. */
const largeProgramBytes = 512 * 1024;

/**
 * The compiler in a thread of its own, for one program at a time. Hostile source can exhaust its stack, its memory or
 * any amount of time; the thread then ends, and no other program meets what it left behind.
 */
export class CompilerWorker {
  private readonly worker = new Worker(new URL('./worker.js', import.meta.url), { resourceLimits });
  private readonly ready: Promise<unknown>;
  private exited = false;
  private stopped = false;

  constructor() {
    // Without a listener an error of the thread would be one of the host.
    this.worker.on('error', () => undefined);
    this.worker.once('exit', () => (this.exited = true));
    this.ready = this.answer(startTimeoutMs);
    this.ready.catch(() => undefined);
  }

  /** Whether another program may be given to it. */
  get usable(): boolean {
    return !this.exited && !this.stopped;
  }

  /** @throws SoulboxError `language_unavailable` when the compiler does not start or is ended. Every fault of the source is an answer. */
  async compile(program: Program, timeoutMs: number): Promise<Compilation> {
    try {
      await this.ready;
    } catch (thrown) {
      await this.end();
      throw new SoulboxError('language_unavailable', 'typescript: the compiler does not start', { cause: thrown });
    }
    try {
      this.worker.postMessage(program);
      const result = (await this.answer(timeoutMs)) as Compilation;
      const bytes = program.sources.reduce((sum, file) => sum + file.content.byteLength, 0);
      if ((!result.ok && result.broken) || bytes > largeProgramBytes) await this.end();
      return result;
    } catch (thrown) {
      if (this.stopped) throw new SoulboxError('language_unavailable', 'typescript: the compiler has stopped');
      await this.end();
      const why =
        (thrown as Error).name === 'AbortError'
          ? `could not be compiled within ${timeoutMs} ms`
          : 'needs too much memory to be compiled';
      return { ok: false, problems: [wholeFile(program.sources[0]?.path ?? '', why)], broken: true };
    }
  }

  /** Resolves when the thread is gone. */
  async end(): Promise<void> {
    this.stopped = true;
    await this.worker.terminate();
  }

  /** The thread's next message. @throws AbortError after the time, or what ended the thread. */
  private async answer(timeoutMs: number): Promise<unknown> {
    const done = new AbortController();
    const deadline = setTimeout(() => done.abort(), timeoutMs);
    const exited = once(this.worker, 'exit', { signal: done.signal }).then(() => {
      throw new Error('the compiler thread ended');
    });
    try {
      const [message] = (await Promise.race([once(this.worker, 'message', { signal: done.signal }), exited])) as [
        unknown,
      ];
      return message;
    } finally {
      clearTimeout(deadline);
      done.abort();
    }
  }
}
