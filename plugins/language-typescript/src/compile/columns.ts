import { transformSync } from '@swc/wasm-typescript';

const probePrefix = "'";
const probeSuffix = "'; a(;"; // refused at its last character
const narrowLength = probePrefix.length + probeSuffix.length - 1;

const widths = new Map<string, number>([['\t', 4]]);

/**
 * How many columns the compiler counts for a character. Its rule is its own (two for a Chinese character, three for
 * most emoji, none for a combining accent), so the compiler itself is asked, by a mistake behind the character.
 */
function width(character: string): number {
  if (character >= ' ' && character <= '~') return 1;
  const known = widths.get(character);
  if (known !== undefined) return known;
  let found = 1;
  try {
    transformSync(probePrefix + character + probeSuffix, { mode: 'strip-only' });
  } catch (thrown) {
    found = (thrown as { startColumn: number }).startColumn - narrowLength;
  }
  widths.set(character, found);
  return found;
}

/** Turns a column as the compiler counts it into UTF-16 code units, as editors and V8 count them. Both from 0. */
export function unitColumn(line: string, compilerColumn: number): number {
  let counted = 0;
  let units = 0;
  for (const character of line) {
    if (counted >= compilerColumn) break;
    counted += width(character);
    units += character.length;
  }
  return units;
}
