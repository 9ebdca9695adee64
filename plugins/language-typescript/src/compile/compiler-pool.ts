import { SoulboxError } from '@soulbox/plugin-sdk';
import { CompilerWorker } from './compiler-worker.ts';
import type { Compilation, Program } from './program.ts';

export interface CompilerPoolOptions {
  /** Programs compiled at one time. */
  readonly workers: number;
  /** For one program, in milliseconds. */
  readonly timeoutMs: number;
  /** Programs that may wait for a worker; more are refused. */
  readonly queue: number;
}

/** A few compilers, each used for one program at a time and replaced when a program breaks it. */
export class CompilerPool {
  private readonly options: CompilerPoolOptions;
  private readonly idle: CompilerWorker[] = [];
  private readonly busy = new Set<CompilerWorker>();
  private readonly waiting: (() => void)[] = [];
  private turns: number;
  private closed = false;

  constructor(options: CompilerPoolOptions) {
    this.options = options;
    this.turns = options.workers;
    // The first program should not wait for a start.
    this.idle.push(new CompilerWorker());
  }

  /**
   * @returns the compiled program, or what is wrong with it: also when it takes too long or too much memory.
   * @throws SoulboxError `overloaded` when too many wait, `language_unavailable` when no compiler starts or the pool is closed.
   */
  async compile(program: Program): Promise<Compilation> {
    await this.takeTurn();
    try {
      return await this.compileNow(program);
    } finally {
      this.passTurn();
    }
  }

  /** Ends every compiler. Who waits is refused. */
  async close(): Promise<void> {
    this.closed = true;
    for (const proceed of this.waiting.splice(0)) proceed();
    await Promise.all([...this.idle.splice(0), ...this.busy].map((worker) => worker.end()));
  }

  private async compileNow(program: Program): Promise<Compilation> {
    if (this.closed) throw new SoulboxError('language_unavailable', 'typescript: the compiler has stopped');
    const worker = this.idle.pop() ?? new CompilerWorker();
    this.busy.add(worker);
    try {
      return await worker.compile(program, this.options.timeoutMs);
    } finally {
      this.busy.delete(worker);
      if (worker.usable) this.idle.push(worker);
    }
  }

  private async takeTurn(): Promise<void> {
    if (this.turns > 0) {
      this.turns -= 1;
      return;
    }
    if (this.waiting.length >= this.options.queue)
      throw new SoulboxError('overloaded', 'too many TypeScript programs wait to be compiled', {
        details: { retryAfterMs: this.options.timeoutMs },
      });
    await new Promise<void>((proceed) => this.waiting.push(proceed));
  }

  // A turn goes straight to the one who waited longest; no newcomer can take it in between.
  private passTurn(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.turns += 1;
  }
}
