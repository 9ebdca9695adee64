import { parse, type Import, type ParseError, type StaticImport } from 'es-module-lexer';

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function applyEdits(code: string, edits: readonly Edit[]): string {
  let result = '';
  let position = 0;
  for (const { start, end, text } of edits.toSorted((a, b) => a.start - b.start)) {
    result += code.slice(position, start) + text;
    position = end;
  }
  return result + code.slice(position);
}

/** Whether an error says that code could not be read for its imports. */
export function isUnreadable(thrown: unknown): thrown is ParseError {
  return thrown instanceof Error && 'idx' in thrown;
}

/** Where the quoted specifier is in the code, quotes included; `undefined` where it is no plain string. */
function quoted(found: Import): { start: number; end: number; specifier: string } | undefined {
  if (found.specifier === undefined || found.specifier === null) return undefined;
  if (found.type !== 'dynamic') return { start: found.start - 1, end: found.end + 1, specifier: found.specifier };
  return found.glob ? undefined : { start: found.start, end: found.end, specifier: found.specifier };
}

/**
 * Replaces the specifiers of imports and exports for which `resolve` has another one. `import()` of anything but a
 * plain string, and `require`, stay as they are.
 * @throws ParseError where the code cannot be read as a module or a script.
 */
export function rewriteSpecifiers(code: string, resolve: (specifier: string) => string | undefined): string {
  if (!/\b(import|export)\b/.test(code)) return code;
  const edits: Edit[] = [];
  for (const found of parse(code)[0]) {
    const place = quoted(found);
    const other = place && resolve(place.specifier);
    if (place && other !== undefined) edits.push({ start: place.start, end: place.end, text: JSON.stringify(other) });
  }
  return applyEdits(code, edits);
}

/** Whether the code has imports or exports, so that Node takes it for a module. */
export function hasModuleSyntax(code: string): boolean {
  return parse(code)[3];
}

const isStatement = (found: Import): found is StaticImport => found.type === 'static';
const isImport = (code: string) => (found: StaticImport) => code.startsWith('import', found.importStart);

/** The import statements that bring names, in order; `export … from` and `import './x'` bring none. */
function importStatements(code: string): StaticImport[] {
  return parse(code)[0].filter(isStatement).filter(isImport(code));
}

const withoutSpaces = (text: string) => text.replace(/\s+|["';]/g, '');

/** Puts another statement into the place of one, so that what follows keeps its line and, where there is room, its column. */
function inPlaceOf(statement: string, other: string): string {
  const lines = statement.split('\n');
  const filler = lines.map((line) => ' '.repeat(line.length)).join('\n');
  return other + (lines.length === 1 ? filler.slice(other.length) : filler.slice(lines[0]?.length));
}

/**
 * Types are imported like values, and only the whole file shows which is which: takes out of `stripped`, which has its
 * original layout, the imported names that `transformed`, the same program without its layout, no longer has.
 */
export function elideUnusedImports(stripped: string, transformed: string): string {
  const kept = importStatements(transformed);
  const textOf = (code: string, { importStart, importEnd }: StaticImport) => code.slice(importStart, importEnd);
  let next = 0;
  const edits: Edit[] = [];
  for (const statement of importStatements(stripped)) {
    const original = textOf(stripped, statement);
    const match = kept[next];
    const place = { start: statement.importStart, end: statement.importEnd };
    if (match === undefined || match.specifier !== statement.specifier) {
      // The semicolon ends the line before, which may have relied on the import to do so.
      edits.push({ ...place, text: inPlaceOf(original, ';') });
      continue;
    }
    next += 1;
    const wanted = textOf(transformed, match).replace(/\s*\n\s*/g, ' ');
    if (withoutSpaces(wanted) !== withoutSpaces(original)) edits.push({ ...place, text: inPlaceOf(original, wanted) });
  }
  return applyEdits(stripped, edits);
}
