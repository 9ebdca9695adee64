import { init, parse, type Import } from 'es-module-lexer';

/** What cells import with: given by what starts their interpreter. */
const importer = '__soulboxImport';

/** The `{ a, b: c }` that takes what `{ a, b as c }` of an import takes. */
const taken = (names: string): string => names.replace(/\s+as\s+/g, ': ');

/** Statements that do what an import statement with these names does. */
function declarations(names: string, imported: string): string {
  const clause = names.replace(/\/\*.*?\*\/|\/\/[^\n]*/gs, ' ').trim();
  if (clause === '') return `await ${imported}`;
  const [, single, rest = ''] = /^([\p{ID_Start}$_][\p{ID_Continue}$]*)?\s*,?\s*(.*)$/su.exec(clause) ?? [];
  const space = /^\*\s*as\s+(\S+)$/s.exec(rest)?.[1];
  if (space !== undefined)
    return `const ${space} = await ${imported}${single === undefined ? '' : `, { default: ${single} } = ${space}`}`;
  const own = single === undefined ? '' : `default: ${single}, `;
  return `const { ${own}${taken(rest).replace(/^\{|\}$/gs, '')} } = await ${imported}`;
}

/** Lines stay where they were. */
const withLinesOf = (text: string, original: string): string =>
  text.replace(/\s*\n\s*/g, ' ') + '\n'.repeat(original.split('\n').length - 1);

function replacement(code: string, found: Import): { start: number; end: number; text: string } | undefined {
  if (found.type === 'dynamic')
    return { start: found.importStart, end: found.importStart + 'import'.length, text: importer };
  if (found.type !== 'static' || !code.startsWith('import', found.importStart)) return undefined;
  const { importStart: start, importEnd: end } = found;
  const whole = code.slice(start, end);
  const names = code.slice(start + 'import'.length, found.start - 1).replace(/\bfrom\s*$/, '');
  const attributes = /^\s*with\s*(\{.*\})\s*$/s.exec(code.slice(found.end + 1, end))?.[1];
  const given = attributes === undefined ? '' : `, { with: ${attributes} }`;
  const imported = `${importer}(${code.slice(found.start - 1, found.end + 1)}${given})`;
  return { start, end, text: withLinesOf(declarations(names, imported), whole) };
}

/**
 * A cell of JavaScript is run as a script that may await, and scripts have no import statements: makes calls of them,
 * and of `import()`, to a function that imports from the working directory. Code that cannot be read stays as it is.
 */
export async function rewriteCellImports(code: string): Promise<string> {
  if (!/\bimport\b/.test(code)) return code;
  await init();
  let found: readonly Import[];
  try {
    [found] = parse(code);
  } catch {
    return code; // the interpreter says what is wrong with it
  }
  let result = '';
  let position = 0;
  for (const edit of found.flatMap((each) => replacement(code, each) ?? []).toSorted((a, b) => a.start - b.start)) {
    result += code.slice(position, edit.start) + edit.text;
    position = edit.end;
  }
  return result + code.slice(position);
}
