const pauseAt = 64;
const resumeAt = 16;

/** Holds events until their consumer asks for them, and asks the producer to pause when they pile up. */
export class EventQueue implements AsyncIterable<unknown> {
  private readonly setPaused: (paused: boolean) => void;
  private readonly events: unknown[] = [];
  private paused = false;
  private ended = false;
  private wake: () => void = () => undefined;

  constructor(setPaused: (paused: boolean) => void) {
    this.setPaused = setPaused;
  }

  push(event: unknown): void {
    this.events.push(event);
    if (!this.paused && this.events.length >= pauseAt) this.setPaused((this.paused = true));
    this.wake();
  }

  /** What was pushed can still be consumed. */
  end(): void {
    this.ended = true;
    this.wake();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<unknown> {
    for (;;) {
      while (this.events.length > 0) {
        const event = this.events.shift();
        if (this.paused && this.events.length <= resumeAt) this.setPaused((this.paused = false));
        yield event;
      }
      if (this.ended) return;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}
