/** Counts events by key in a sliding window. Keeps no more than `limit` times for each key. */
export class SlidingWindow {
  /** @param {number} limit @param {number} windowMs @param {() => number} now in milliseconds */
  constructor(limit, windowMs, now) {
    this.limit = limit;
    this.windowMs = windowMs;
    this.now = now;
    /** When the events of each key were, the oldest first. @type {Map<string, number[]>} */
    this.times = new Map();
  }

  /** Counts one event if there is room for it; else answers after how many milliseconds there will be. @param {string} key */
  take(key) {
    const now = this.now();
    const recent = (this.times.get(key) ?? []).filter((time) => time > now - this.windowMs);
    const [oldest] = recent;
    const full = recent.length >= this.limit;
    this.times.set(key, full ? recent : [...recent, now]);
    return full && oldest !== undefined ? oldest + this.windowMs - now : 0;
  }

  /** Forgets the keys that have had no event within the window. */
  sweep() {
    const until = this.now() - this.windowMs;
    for (const [key, times] of this.times) if ((times.at(-1) ?? until) <= until) this.times.delete(key);
  }
}
