/** What a Java source file declares, as far as it decides which class is run, and under which name the file must be. */
export interface Outline {
  /** `''` for the unnamed package. */
  readonly package: string;
  /** Types that stand in no other, in their order. */
  readonly types: readonly TypeOutline[];
  /** Whether a `main` stands in no type, as newer versions allow. */
  readonly main: boolean;
}

export interface TypeOutline {
  readonly name: string;
  readonly isPublic: boolean;
  /** Whether it has a method `void main(…)`. */
  readonly main: boolean;
}

// What is opened and never closed ends with the file, so that each character is looked at once.
const comments = String.raw`\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)`;
const literals = String.raw`"""(?:\\[^]|[^\\])*?(?:"""|$)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?`;
const token = new RegExp(
  `${comments}|${literals}|[\\p{L}\\p{Nl}$_][\\p{L}\\p{Nl}\\p{Nd}\\p{Mn}\\p{Mc}$_]*|[{}();.@]`,
  'gu',
);

function* tokens(source: string): Generator<string> {
  for (const [text] of source.matchAll(token)) if (!/^["'/]/.test(text)) yield text;
}

const kinds = new Set(['class', 'interface', 'enum', 'record']);

/** Reads a source file's declarations, without judging them: that is the compiler's part. */
export function outline(source: string): Outline {
  const all = [...tokens(source)];
  const types: { name: string; isPublic: boolean; main: boolean }[] = [];
  let packageName = '';
  let depth = 0;
  let parentheses = 0;
  let isPublic = false;
  let main = false;
  for (const [index, text] of all.entries()) {
    if (text === '{') depth += 1;
    else if (text === '}') depth -= 1;
    else if (text === '(') parentheses += 1;
    else if (text === ')') parentheses -= 1;
    if (parentheses > 0 && text !== '(') continue;
    const isMain = text === 'main' && all[index - 1] === 'void' && all[index + 1] === '(';
    if (depth === 1 && isMain && types.length > 0) types[types.length - 1]!.main = true;
    if (depth !== 0) continue;
    main ||= isMain;
    if (text === ';' || text === '}') isPublic = false;
    if (text === 'public') isPublic = true;
    if (text === 'package' && types.length === 0) packageName = qualifiedName(all, index + 1);
    const name = all[index + 1];
    if (kinds.has(text) && all[index - 1] !== '.' && name !== undefined && !/^[{}();.@]$/.test(name))
      types.push({ name, isPublic, main: false });
  }
  return { package: packageName, types, main };
}

function qualifiedName(all: readonly string[], from: number): string {
  const end = all.indexOf(';', from);
  return end < 0 ? '' : all.slice(from, end).join('');
}

/** The type that a file must be named after: the public one. */
export function publicType({ types }: Outline): string | undefined {
  return types.find((type) => type.isPublic)?.name;
}

/** The name of the class to run, with its package. `stem` is the name of the file without its ending. */
export function mainClass(found: Outline, stem: string): string {
  const { types } = found;
  const startable = types.filter((type) => type.main);
  const best =
    startable.find((type) => type.name === stem) ??
    startable.find((type) => type.isPublic) ??
    startable[0] ??
    (found.main ? undefined : (types.find((type) => type.name === stem) ?? types[0]));
  const name = best?.name ?? stem;
  return found.package === '' ? name : `${found.package}.${name}`;
}
