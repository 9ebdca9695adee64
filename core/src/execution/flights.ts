import { SoulboxError, type ExecutionRequest, type ExecutionResult, type Verdict } from '@soulbox/plugin-sdk';
import { unlessAborted } from '../deadline.ts';

/**
 * How an execution ended that others waited for: `hit`, it was answered from a cache; `ran`, the program came to its end;
 * `again`, it never did, and says nothing of what another would come to.
 */
type Landing = 'hit' | 'ran' | 'again';

interface Flight {
  /** Of the execution that the others wait for. */
  readonly id: string;
  readonly landed: Promise<Landing>;
  readonly land: (landing: Landing) => void;
}

type Lookup = () => Promise<ExecutionResult | undefined>;

/** Ends that are not the program's own. */
const unfinished: ReadonlySet<Verdict> = new Set(['cancelled', 'lost', 'interrupted']);

/** Of equal executions at one time, lets one run; the others wait for what it leaves in a cache. */
export class Flights {
  /** By key. */
  private readonly flights = new Map<string, Flight>();
  private readonly maxWaiting: number;
  private waiting = 0;

  /** With `maxWaiting` that wait already, the next one does not. */
  constructor(maxWaiting: number) {
    this.maxWaiting = maxWaiting;
  }

  /**
   * What `lookup` finds, now or when an equal execution has ended; `undefined` means: run it. Who is told so owes a call of
   * {@link land}, however it ends.
   * @throws cancelled when `signal` aborts
   */
  async join(key: string, { id }: ExecutionRequest, lookup: Lookup, signal: AbortSignal) {
    for (;;) {
      const ahead = this.flights.get(key);
      if (!ahead) return this.lead(key, id, lookup);
      if (this.waiting >= this.maxWaiting) return undefined;
      const landing = await this.waitFor(ahead, signal);
      if (landing === 'again') continue;
      const found = await lookup();
      // What ran and left nothing, as it ran out of time, say, would do so again: the others do not wait for each other.
      if (found || landing === 'ran') return found;
    }
  }

  private async waitFor({ landed }: Flight, signal: AbortSignal): Promise<Landing> {
    this.waiting += 1;
    const landing = await unlessAborted(landed, signal);
    this.waiting -= 1;
    if (landing === undefined) throw new SoulboxError('cancelled', 'cancelled while waiting for an equal execution');
    return landing;
  }

  private async lead(key: string, id: string, lookup: Lookup): Promise<ExecutionResult | undefined> {
    let land: Flight['land'] = () => {};
    const landed = new Promise<Landing>((resolve) => {
      land = resolve;
    });
    this.flights.set(key, { id, landed, land });
    const found = await lookup();
    if (found) this.end(key, id, 'hit');
    return found;
  }

  /** Tells those that wait how an execution ended; `null` where it never came to run. */
  land({ id, resultKey }: ExecutionRequest, verdict: Verdict | null): void {
    if (resultKey === undefined) return;
    this.end(resultKey, id, verdict === null || unfinished.has(verdict) ? 'again' : 'ran');
  }

  private end(key: string, id: string, landing: Landing): void {
    const flight = this.flights.get(key);
    if (flight?.id !== id) return;
    this.flights.delete(key);
    flight.land(landing);
  }
}
