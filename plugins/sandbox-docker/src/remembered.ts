/** What is found out once. A failure is forgotten, so that what was missing may be there at the next try. */
export class Remembered<T> {
  #found: Promise<T> | undefined;

  get(find: () => Promise<T>): Promise<T> {
    if (this.#found) return this.#found;
    const finding = find();
    this.#found = finding;
    finding.catch(() => {
      this.#found = undefined;
    });
    return finding;
  }
}
