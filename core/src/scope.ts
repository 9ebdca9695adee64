import { SoulboxError, type Disposer } from '@soulbox/plugin-sdk';
import { withDeadline } from './deadline.ts';

interface Held {
  readonly label: string;
  readonly dispose: Disposer;
}

/** What was acquired, and how to give it back: last in, first out, each with a deadline. */
export class Scope {
  private readonly held: Held[] = [];
  private readonly controller = new AbortController();

  /** Aborted when disposal begins. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /**
   * Returns a function that lets go of it without calling the disposer, and says whether it was still held.
   * @throws plugin_failed when disposal has begun: nothing may be acquired that nobody will give back.
   */
  add(label: string, dispose: Disposer): () => boolean {
    this.assertOpen(label);
    const entry = { label, dispose };
    this.held.push(entry);
    return () => {
      const at = this.held.indexOf(entry);
      if (at !== -1) this.held.splice(at, 1);
      return at !== -1;
    };
  }

  assertOpen(label: string): void {
    if (this.signal.aborted) throw new SoulboxError('plugin_failed', `${label}: this plugin has stopped`);
  }

  /** Gives everything back and returns what went wrong, each with its label. Never rejects. */
  async dispose(deadlineMs: number): Promise<readonly { label: string; error: unknown }[]> {
    const problems: { label: string; error: unknown }[] = [];
    this.controller.abort();
    for (let entry = this.held.pop(); entry; entry = this.held.pop()) {
      const { label, dispose } = entry;
      try {
        const done = Promise.resolve(dispose());
        await withDeadline(
          done,
          deadlineMs,
          () => new SoulboxError('plugin_timeout', `${label} was not given back within ${deadlineMs} ms`),
        );
      } catch (error) {
        problems.push({ label, error });
      }
    }
    return problems;
  }
}
