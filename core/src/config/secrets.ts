import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

/** A reference to a secret, in place of a value: `{ $env: NAME }` or `{ $file: path }`. */
type Reference = { readonly $env: string } | { readonly $file: string };

export interface ResolvedSecrets {
  readonly value: unknown;
  /** The secrets themselves, to be kept out of the log. */
  readonly secrets: readonly string[];
  readonly problems: readonly { readonly path: readonly string[]; readonly message: string }[];
}

function asReference(value: object): Reference | undefined {
  const keys = Object.keys(value);
  const [key] = keys;
  if (keys.length !== 1 || (key !== '$env' && key !== '$file')) return undefined;
  const target: unknown = (value as Record<string, unknown>)[key];
  return typeof target === 'string' ? (value as Reference) : undefined;
}

function read(reference: Reference, folder: string): string {
  if ('$env' in reference) {
    const found = process.env[reference.$env];
    if (found === undefined) throw new Error(`environment variable ${reference.$env} is not set`);
    return found;
  }
  const file = isAbsolute(reference.$file) ? reference.$file : join(folder, reference.$file);
  try {
    return readFileSync(file, 'utf8').trimEnd();
  } catch (error) {
    throw new Error(`cannot read ${reference.$file}: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`, {
      cause: error,
    });
  }
}

/** Puts secrets in the place of references to them. `folder` is where relative paths begin. */
export function resolveSecrets(input: unknown, folder: string): ResolvedSecrets {
  const secrets: string[] = [];
  const problems: { path: readonly string[]; message: string }[] = [];
  const walk = (value: unknown, path: readonly string[]): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, String(index)]));
    const reference = asReference(value);
    if (!reference)
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, [...path, key])]));
    try {
      const secret = read(reference, folder);
      secrets.push(secret);
      return secret;
    } catch (error) {
      problems.push({ path, message: (error as Error).message });
      return undefined;
    }
  };
  return { value: walk(input, []), secrets, problems };
}
