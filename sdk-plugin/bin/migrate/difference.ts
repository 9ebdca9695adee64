/** How many lines around a change are shown. */
const context = 2;

/** How many of the first lines are equal. */
function equalLines(one: readonly string[], other: readonly string[]): number {
  const different = one.findIndex((line, index) => line !== other[index]);
  return different === -1 ? one.length : different;
}

/** What becomes of a text, as people read it: lines with `-` go, lines with `+` come, the others stand around them. */
export function difference(file: string, before: string, after: string): string {
  const [old, made] = [before.split('\n'), after.split('\n')];
  const start = equalLines(old, made);
  const end = equalLines(old.slice(start).toReversed(), made.slice(start).toReversed());
  const marked = (mark: string, lines: readonly string[]) => lines.map((line) => `${mark}${line}`);
  return [
    `--- ${file}`,
    `+++ ${file}`,
    ...marked(' ', old.slice(Math.max(0, start - context), start)),
    ...marked('-', old.slice(start, old.length - end)),
    ...marked('+', made.slice(start, made.length - end)),
    ...marked(' ', old.slice(old.length - end, old.length - end + context)),
  ].join('\n');
}
