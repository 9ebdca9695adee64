/** Events per second, of which the later count more. */
export class Rate {
  private readonly memoryMs: number;
  private level = 0;
  private at = 0;

  /** After `memoryMs` an event counts for a third. */
  constructor(memoryMs: number) {
    this.memoryMs = memoryMs;
  }

  add(count: number, at: number): void {
    this.level = this.levelAt(at) + count;
    this.at = Math.max(at, this.at);
  }

  perSecond(at: number): number {
    return (this.levelAt(at) / this.memoryMs) * 1_000;
  }

  private levelAt(at: number): number {
    return this.level * Math.exp(-Math.max(0, at - this.at) / this.memoryMs);
  }
}
