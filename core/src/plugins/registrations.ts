interface Registration {
  readonly apply: () => Disposable;
  held: Disposable | undefined;
}

/**
 * What one plugin instance put up in the host: taps, services, operations. It can be taken down and put up again as a
 * whole and at once, so that one instance takes another's place with no moment in between.
 */
export class Registrations {
  private entries: Registration[] = [];
  private live: boolean;

  /** `live`: each is put up as it comes; otherwise all of them with {@link commit}. */
  constructor(live: boolean) {
    this.live = live;
  }

  /** Disposing of what is returned takes just this one down for good. @throws what `apply` throws, when live */
  add(apply: () => Disposable): Disposable {
    const entry: Registration = { apply, held: this.live ? apply() : undefined };
    this.entries.push(entry);
    return {
      [Symbol.dispose]: () => {
        this.entries = this.entries.filter((other) => other !== entry);
        entry.held?.[Symbol.dispose]();
        entry.held = undefined;
      },
    };
  }

  /** Puts everything up. @throws what the first refusal was; nothing is up then. */
  commit(): void {
    try {
      for (const entry of this.entries) entry.held = entry.apply();
      this.live = true;
    } catch (thrown) {
      this.withdraw();
      throw thrown;
    }
  }

  /** Takes everything down, the last first. {@link commit} puts it up again. */
  withdraw(): void {
    this.live = false;
    for (const entry of this.entries.toReversed()) {
      entry.held?.[Symbol.dispose]();
      entry.held = undefined;
    }
  }
}
