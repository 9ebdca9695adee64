import { Parser, type CST } from 'yaml';

type Token = CST.Token | null | undefined;

function children(token: Token): readonly Token[] {
  if (!token) return [];
  if (token.type === 'document') return [token.value];
  return 'items' in token ? token.items.flatMap(({ key, value }) => [key, value]) : [];
}

/**
 * Whether YAML nests deeper than `maxDepth`. Composing it into values recurses, and a full stack there can end the whole
 * process; the parser below it does not recurse.
 */
export function nestsDeeper(text: string, maxDepth: number): boolean {
  let level: Token[] = [...new Parser().parse(text)];
  for (let depth = 0; depth <= maxDepth && level.length > 0; depth += 1) level = level.flatMap(children);
  return level.length > 0;
}
