import { z } from '@soulbox/plugin-sdk';

export const SeasonStateSchema = z.object({
  rates: z.array(z.number().min(0)),
  seen: z.array(z.int().min(0)),
});
export type SeasonState = z.infer<typeof SeasonStateSchema>;

/** The latest of many rounds counts for so much. */
const learning = 0.3;

/** How demand goes up and down in a period that comes again and again: a day, a week. */
export class Season {
  private readonly slotMs: number;
  private readonly slots: number;
  private readonly rates: number[];
  private readonly seen: number[];
  /** Slots since the epoch; `undefined` before the first event and after a pause. */
  private open: number | undefined;
  private count = 0;
  /** Whether the open slot has been watched from its beginning. */
  private whole = false;

  constructor(periodMs: number, slots: number, state?: SeasonState) {
    this.slotMs = periodMs / slots;
    this.slots = slots;
    const fits = state?.rates.length === slots && state.seen.length === slots;
    this.rates = fits ? [...state.rates] : Array.from({ length: slots }, () => 0);
    this.seen = fits ? [...state.seen] : Array.from({ length: slots }, () => 0);
  }

  /** Adds events, or says with `count` 0 that there were none until now. */
  add(count: number, at: number): void {
    const slot = Math.floor(at / this.slotMs);
    if (this.open === undefined) this.open = slot;
    else if (slot > this.open) this.close(slot);
    this.count += count;
  }

  private close(next: number): void {
    const first = this.open ?? next;
    if (this.whole) this.learn(first, (this.count / this.slotMs) * 1_000);
    for (let slot = Math.max(first + 1, next - this.slots); slot < next; slot++) this.learn(slot, 0);
    this.open = next;
    this.count = 0;
    this.whole = true;
  }

  private learn(slot: number, rate: number): void {
    const index = slot % this.slots;
    const seen = this.seen[index] ?? 0;
    const before = this.rates[index] ?? 0;
    this.rates[index] = before + (rate - before) * Math.max(learning, 1 / (seen + 1));
    this.seen[index] = seen + 1;
  }

  /** Events per second at this time of the period, from one slot to the next without a step; `undefined` where unknown. */
  perSecond(at: number): number | undefined {
    const position = at / this.slotMs - 0.5;
    const [slot, share] = [Math.floor(position), position - Math.floor(position)];
    const [one, two] = [slot, slot + 1].map((n) => ((n % this.slots) + this.slots) % this.slots);
    if (!this.seen[one ?? 0] || !this.seen[two ?? 0]) return undefined;
    return (this.rates[one ?? 0] ?? 0) * (1 - share) + (this.rates[two ?? 0] ?? 0) * share;
  }

  get state(): SeasonState {
    return { rates: this.rates.map((rate) => Number(rate.toPrecision(4))), seen: [...this.seen] };
  }
}
