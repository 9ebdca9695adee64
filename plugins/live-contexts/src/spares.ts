import type { LiveAgent } from '@soulbox/plugin-sdk';
import { endInterpreter, type Interpreter } from './interpreter.ts';

/** Interpreters that wait in their sandboxes for the next context, at most one of each kind. */
export class Spares {
  readonly #waiting = new Map<string, Map<string, Promise<Interpreter | undefined>>>();
  readonly #cleaned = new Map<string, Promise<void>>();

  /** One that is ready, and still there; it is nobody else's then. */
  async take(agent: LiveAgent, sandbox: string, kind: string): Promise<Interpreter | undefined> {
    const kinds = this.#waiting.get(sandbox);
    const waiting = kinds?.get(kind);
    // Before anything is awaited: whoever comes next must not be given the same.
    kinds?.delete(kind);
    const spare = await waiting;
    if (!spare) return undefined;
    const found = (await agent.processes()).find(({ id }) => id === spare.process);
    return found?.state === 'running' ? spare : undefined;
  }

  /** Has one started, unless there is one. A failure is not told: nobody has asked for it. */
  fill(sandbox: string, kind: string, start: () => Promise<Interpreter>): void {
    const kinds = this.#waiting.get(sandbox) ?? new Map<string, Promise<Interpreter | undefined>>();
    this.#waiting.set(sandbox, kinds);
    if (kinds.has(kind)) return;
    const started = start().catch(() => {
      if (kinds.get(kind) === started) kinds.delete(kind);
      return undefined;
    });
    kinds.set(kind, started);
  }

  forget(sandbox: string): void {
    this.#waiting.delete(sandbox);
    this.#cleaned.delete(sandbox);
  }

  /** Ends those that an earlier host had started and no context uses, once for each sandbox and before any of its own. */
  endLeft(agent: LiveAgent, sandbox: string, tag: string, used: () => Promise<ReadonlySet<number>>): Promise<void> {
    const cleaned =
      this.#cleaned.get(sandbox) ??
      end(agent, tag, used).catch((thrown: unknown) => {
        this.#cleaned.delete(sandbox);
        throw thrown;
      });
    this.#cleaned.set(sandbox, cleaned);
    return cleaned;
  }
}

async function end(agent: LiveAgent, tag: string, used: () => Promise<ReadonlySet<number>>): Promise<void> {
  const [processes, kept] = [await agent.processes(), await used()];
  // One that a context took keeps the tag that it was started with.
  const left = processes.filter((each) => each.tag === tag && each.state === 'running' && !kept.has(each.id));
  await Promise.all(left.map(({ id }) => endInterpreter(agent, id)));
}
