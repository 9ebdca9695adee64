import { SoulboxError } from '@soulbox/plugin-sdk';

/** What one side keeps for the other, by number. */
export class ReferenceTable<T> {
  private readonly values = new Map<number, T>();
  private last = 0;

  get size(): number {
    return this.values.size;
  }

  keep(value: T): number {
    this.last += 1;
    this.values.set(this.last, value);
    return this.last;
  }

  /** @throws plugin_failed for what was never kept, or is kept no more. */
  get(ref: number): T {
    const value = this.values.get(ref);
    if (value === undefined)
      throw new SoulboxError('plugin_failed', 'what was passed to a call may be used only until the call ends');
    return value;
  }

  /** Returns what was kept, if it still was. */
  drop(ref: number): T | undefined {
    const value = this.values.get(ref);
    this.values.delete(ref);
    return value;
  }

  dropAll(): T[] {
    const values = [...this.values.values()];
    this.values.clear();
    return values;
  }

  entries(): IterableIterator<[number, T]> {
    return this.values.entries();
  }
}
