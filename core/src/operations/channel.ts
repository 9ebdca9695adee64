/** A hand-over of values from one sender to one consumer, one at a time: `send` resolves when the value was taken. */
export class Channel<T> implements AsyncIterable<T> {
  private readonly waiting: { readonly value: T; readonly taken: () => void }[] = [];
  private wake: (() => void) | undefined;
  private closed = false;

  /** Resolves when the consumer took the value, or at once when nobody will. */
  send(value: T): Promise<void> {
    if (this.closed) return Promise.resolve();
    return new Promise((taken) => {
      this.waiting.push({ value, taken });
      this.wake?.();
    });
  }

  /** What was sent before can still be consumed; senders wait no longer. */
  close(): void {
    this.closed = true;
    for (const { taken } of this.waiting) taken();
    this.wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    for (;;) {
      const next = this.waiting.shift();
      if (next) {
        next.taken();
        yield next.value;
      } else if (this.closed) return;
      else await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}
