/**
 * Adds up for how long a process has owed an answer that it could have given. What it waited for a processor does not
 * count, nor what the host itself came too late to hear.
 */
export class Silence {
  private readonly lookMs: number;
  private lastLook: number;
  private lastWaited = 0;
  private owed = 0;

  /** `now` is in milliseconds, of a clock that does not jump; every `lookMs` milliseconds a look is due. */
  constructor(lookMs: number, now: number) {
    this.lookMs = lookMs;
    this.lastLook = now;
  }

  /**
   * Takes a look at `now`, when the process had waited for a processor for `waitedMs` in all of its life, and tells for
   * how many milliseconds it has been silent since it was last `asked`; 0 where it owes nothing.
   */
  look(now: number, waitedMs: number, asked: boolean): number {
    // A late look means that the host was busy: its part of the time is not the other's.
    const passed = Math.min(now - this.lastLook, this.lookMs);
    const waited = Math.max(0, waitedMs - this.lastWaited);
    this.owed = asked ? this.owed + Math.max(0, passed - waited) : 0;
    this.lastLook = now;
    this.lastWaited = waitedMs;
    return this.owed;
  }
}
