import { parseSync } from 'oxc-parser';

/** A conformance suite that a test file registers. */
export interface RegisteredSuite {
  readonly name: string;
  /** Whether it stands inside a call of `bothWays`. */
  readonly bothWays: boolean;
}

interface Node {
  readonly type?: string;
  readonly [member: string]: unknown;
}

function importedSuites(body: readonly Node[]): Set<string> {
  const specifiers = body
    .filter(({ type, source }) => {
      return (
        type === 'ImportDeclaration' && (source as { value?: unknown }).value === '@soulbox/plugin-sdk/conformance'
      );
    })
    .flatMap(({ specifiers: all }) => all as readonly { readonly local: { readonly name: string } }[]);
  return new Set(specifiers.map(({ local }) => local.name).filter((name) => name.endsWith('Suite')));
}

/** The suites of the kit that a test file registers, in order. */
export function suitesOf(path: string, source: string): RegisteredSuite[] {
  const body = parseSync(path, source).program.body as unknown as readonly Node[];
  const suites = importedSuites(body);
  const found: RegisteredSuite[] = [];
  const visit = (value: unknown, within: boolean): void => {
    if (Array.isArray(value)) for (const item of value) visit(item, within);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
    const { type, callee } = value as Node;
    const name = type === 'CallExpression' ? (callee as { name?: string }).name : undefined;
    if (name !== undefined && suites.has(name)) found.push({ name, bothWays: within });
    for (const child of Object.values(value)) visit(child, within || name === 'bothWays');
  };
  visit(body, false);
  return found;
}
