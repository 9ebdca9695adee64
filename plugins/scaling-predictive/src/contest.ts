/** After so long a cost counts for a third. */
const memoryMs = 3_600_000;

/** What a way of sizing would have cost: waiting time, and starts that somebody waited for, in seconds of one that waits. */
class Account {
  held = 0;
  cost = 0;

  charge(needs: readonly number[], elapsedMs: number, worthSeconds: number): void {
    this.cost *= Math.exp(-elapsedMs / memoryMs);
    this.cost += (this.held * elapsedMs) / 1_000;
    for (const need of needs) if (need > this.held) this.cost += worthSeconds;
  }
}

/** Compares the forecast with plain refill on what really came. */
export class Contest {
  private readonly worthSeconds: number;
  private readonly margin: number;
  private readonly own = new Account();
  private readonly plain = new Account();
  private at: number | undefined;

  constructor(worthSeconds: number, margin: number) {
    this.worthSeconds = worthSeconds;
    this.margin = margin;
  }

  /** Charges both for what came since they were last told how many wait. */
  judge(needs: readonly number[], at: number): void {
    const elapsedMs = this.at === undefined ? 0 : Math.max(0, at - this.at);
    for (const account of [this.own, this.plain]) account.charge(needs, elapsedMs, this.worthSeconds);
    this.at = at;
  }

  /** How many each has wait from now on. */
  hold(own: number, plain: number): void {
    this.own.held = own;
    this.plain.held = plain;
  }

  /** Whether plain refill has been the better one, by more than chance. */
  get isLost(): boolean {
    return this.own.cost > this.plain.cost * this.margin + 5 * this.worthSeconds;
  }

  get costs(): { readonly own: number; readonly plain: number } {
    return { own: this.own.cost, plain: this.plain.cost };
  }
}
