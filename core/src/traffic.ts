/** Counts work under way, so that something can wait for all that began before a moment without stopping what begins after. */
export class Epochs {
  private current = newEpoch();
  private earlier: Promise<void> = Promise.resolve();

  /** Begins a piece of work. The function returned ends it, once. */
  enter(): () => void {
    const epoch = this.current;
    epoch.count += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      epoch.count -= 1;
      if (epoch.closed && epoch.count === 0) epoch.empty();
    };
  }

  /** Resolves when all work that began before this call has ended. */
  quiesced(): Promise<void> {
    const epoch = this.current;
    this.current = newEpoch();
    epoch.closed = true;
    if (epoch.count === 0) epoch.empty();
    this.earlier = Promise.all([this.earlier, epoch.ended]).then(() => undefined);
    return this.earlier;
  }
}

interface Epoch {
  count: number;
  closed: boolean;
  readonly ended: Promise<void>;
  readonly empty: () => void;
}

function newEpoch(): Epoch {
  let empty = () => {};
  const ended = new Promise<void>((resolve) => (empty = resolve));
  return { count: 0, closed: false, ended, empty };
}

/** Lets everybody pass, or has them wait while something is changed that cannot be in use meanwhile. */
class Door {
  private reopened: Promise<void> | undefined;

  get isShut(): boolean {
    return this.reopened !== undefined;
  }

  /** Resolves when it stands open. */
  async pass(): Promise<void> {
    while (this.reopened) await this.reopened;
  }

  /** Does something while nobody passes. The next change waits for its turn. */
  async whileShut<T>(change: () => Promise<T>): Promise<T> {
    await this.pass();
    let reopen = () => {};
    this.reopened = new Promise((resolve) => (reopen = resolve));
    try {
      return await change();
    } finally {
      this.reopened = undefined;
      reopen();
    }
  }
}

/** What is under way in a host, as far as changes of its plugins must heed it. */
export class Traffic {
  /** Calls and executions, from their beginning to their end: what they use is kept until then. */
  readonly work = new Epochs();
  /** Pieces of work that end soon: an authentication, a call of the store, an operation of a plugin. */
  readonly brief = new Epochs();
  readonly door = new Door();

  /** Counts a piece of brief work, which waits while the door is shut. Rejects with what `work` throws, too. */
  async briefly<T>(work: () => Promise<T>): Promise<T> {
    if (this.door.isShut) await this.door.pass();
    const leave = this.brief.enter();
    try {
      return await work();
    } finally {
      leave();
    }
  }
}
