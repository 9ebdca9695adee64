import type { Sources } from './sources.ts';

const skipped = String.raw`(?:[ \t\n]|\r\n|//[^\n]*\n|/\*[^]*?\*/)*`;
const include = new RegExp(String.raw`(${skipped})#[ \t]*include[ \t]*<([a-z_+./]+)>(?=[ \t\r\n]|//|/\*|$)`, 'y');
/** Could join lines, or stand for something else. */
const strange = /\\|\?\?/;
/** Of the library's headers; those of C too that change nothing for the others. */
const known = /^(?:[a-z_]+|bits\/stdc\+\+\.h|(?:ctype|limits|math|stdint|stdio|stdlib|string|time)\.h)$/;

/** The headers of the library that a source includes before it says anything else. */
function leadingHeaders(source: string): string[] {
  const found: string[] = [];
  include.lastIndex = 0;
  for (let match = include.exec(source); match; match = include.exec(source)) {
    const [, before = '', name = ''] = match;
    if (strange.test(before) || !known.test(name)) break;
    found.push(name);
  }
  return found;
}

/** What a header of the library could find in the place of another one, since a program's folders are searched first. */
const shadows = /(?:^|\/)[^./]+$|\.(?:h|tcc|def|inc|gch)$/;

/**
 * The largest set whose headers every source of a program includes before anything else: with that set ahead of each of
 * them, the program means the same.
 */
export function fittingSet(
  { files, units }: Sources,
  sets: readonly (readonly string[])[],
): readonly string[] | undefined {
  if (files.some(({ path }) => shadows.test(path))) return undefined;
  const leading = units.map((unit) => {
    const content = files.find(({ path }) => path === unit)?.content;
    return new Set(leadingHeaders(Buffer.from(content ?? []).toString('latin1')));
  });
  return sets
    .filter((set) => leading.every((headers) => set.every((header) => headers.has(header))))
    .toSorted((a, b) => b.length - a.length)[0];
}
