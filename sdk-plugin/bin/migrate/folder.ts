import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '@soulbox/plugin-sdk';

/** A plugin's folder with the changes that migrations make to it, none of which is on the disk before {@link write}. */
export class PluginFolder {
  readonly path: string;
  private readonly before = new Map<string, string>();
  private readonly after = new Map<string, string>();

  constructor(path: string) {
    this.path = path;
  }

  /** The text of a file as the migrations so far leave it. @throws UsageError where it cannot be read */
  read(file: string): string {
    const known = this.after.get(file);
    if (known !== undefined) return known;
    const text = this.load(file);
    this.before.set(file, text);
    this.after.set(file, text);
    return text;
  }

  /** Replaces the text of a file that was read. */
  replace(file: string, text: string): void {
    this.after.set(file, text);
  }

  /** The files that differ now, with their texts. */
  changes(): { readonly file: string; readonly before: string; readonly after: string }[] {
    return [...this.after].flatMap(([file, after]) => {
      const before = this.before.get(file) ?? '';
      return before === after ? [] : [{ file, before, after }];
    });
  }

  write(): void {
    for (const { file, after } of this.changes()) writeFileSync(join(this.path, file), after);
  }

  private load(file: string): string {
    try {
      return readFileSync(join(this.path, file), 'utf8');
    } catch (thrown) {
      throw new UsageError(`${join(this.path, file)} cannot be read: ${(thrown as Error).message}`);
    }
  }
}
