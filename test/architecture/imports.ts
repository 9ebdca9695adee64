import { parseSync } from 'oxc-parser';

const importing = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
  'TSExternalModuleReference',
]);
const loaders = new Set(['require', 'require.resolve', 'import.meta.resolve']);

/**
 * The specifiers that a module names: of imports, re-exports, dynamic imports, import types and calls that resolve.
 * @throws SyntaxError if the source cannot be parsed.
 */
export function importsOf(path: string, source: string): string[] {
  const { program, errors } = parseSync(path, source);
  const [error] = errors;
  if (error !== undefined) throw new SyntaxError(`${path}: ${error.message}`);
  const found: string[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) visit(item);
    else if (typeof value === 'object' && value !== null) {
      const specifier = specifierOf(value as Node, source);
      if (specifier !== undefined) found.push(specifier);
      for (const child of Object.values(value)) visit(child);
    }
  };
  visit(program.body);
  return found;
}

type Node = Record<string, unknown> & { readonly type?: string };

function specifierOf(node: Node, source: string): string | undefined {
  if (importing.has(node.type ?? '')) return literal(node['source'] ?? node['expression']);
  if (node.type !== 'CallExpression') return undefined;
  const { start, end } = node['callee'] as { start: number; end: number };
  return loaders.has(source.slice(start, end)) ? literal((node['arguments'] as unknown[])[0]) : undefined;
}

function literal(node: unknown): string | undefined {
  const value = (node as { value?: unknown } | null | undefined)?.value;
  return typeof value === 'string' ? value : undefined;
}
