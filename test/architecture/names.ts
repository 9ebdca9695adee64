import type { Package } from './packages.ts';

/** What plugins are about, beyond those that exist: products, languages and protocols that core must not know. */
const others = [
  ...['kubernetes', 'redis', 'surreal', 'prometheus', 'grafana', 'opentelemetry'],
  ...['golang', 'java', 'ruby', 'php', 'rust', 'wasm', 'cgroup', 'libsql'],
  ...['graphql', 'grpc', 'mcp', 'e2b', 'jwt', 'oidc', 'rbac', 'github', 'vscode'],
];

/** Names that are words of contracts, or of English, too. */
const words: ReadonlySet<string> = new Set(['go', 'layers', 'cache', 'memory', 'files', 'processes']);

/** The names that plugins have: `language-python` is a `language` called `python`. */
export function pluginNames(all: readonly Package[]): string[] {
  return all.flatMap(({ manifest }) => manifest.soulbox?.id.split('-').slice(1).join('-') ?? []);
}

/** `api-key` is found as `apiKey`, `API key` and `api_key`; short names only as whole words. */
function pattern(name: string): RegExp {
  const body = name.replaceAll('-', '[-_ ]?');
  return name.length > 4 ? new RegExp(body, 'i') : new RegExp(`(?<![a-z])${body}(?![a-z])`, 'i');
}

/** Where a text names one of the plugins or products: `file:line: name`. */
export function namesIn(file: string, text: string, names: readonly string[]): string[] {
  const sought = new Set([...others, ...names].filter((name) => !words.has(name)));
  const patterns = [...sought].map((name) => ({ name, found: pattern(name) }));
  return text
    .split('\n')
    .flatMap((line, index) =>
      patterns.filter(({ found }) => found.test(line)).map(({ name }) => `${file}:${index + 1}: ${name}`),
    );
}
