import { isMap, LineCounter, parseDocument, type Document } from 'yaml';
import { SoulboxError } from '@soulbox/plugin-sdk';
import { nestsDeeper } from './nesting.ts';

/** A configuration file that was read, with the way back from a value to its line. */
export interface ConfigDocument {
  readonly file: string;
  readonly value: Record<string, unknown>;
  /** The line, from 1, of the value at a dotted path, or of its nearest parent that is there. */
  line(path: readonly string[]): number;
}

const forbidden = new Set(['__proto__', 'constructor', 'prototype']);
const maxDepth = 100;
type Refuse = (path: readonly string[], message: string) => never;

function lineOf(document: Document, counter: LineCounter, path: readonly string[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const parent: unknown = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const pair = isMap(parent) ? parent.items.find((item) => String(item.key) === path[length - 1]) : undefined;
    const range =
      (pair?.key as { range?: readonly number[] } | undefined)?.range ??
      (document.getIn(path.slice(0, length), true) as { range?: readonly number[] } | undefined)?.range;
    if (range?.[0] !== undefined) return counter.linePos(range[0]).line;
  }
  return 1;
}

function refuseForbiddenKeys(value: unknown, path: readonly string[], refuse: Refuse): void {
  if (typeof value !== 'object' || value === null) return;
  // An alias can make a value contain itself.
  if (path.length > maxDepth) refuse(path.slice(0, 1), `is nested more than ${maxDepth} deep`);
  for (const [key, member] of Object.entries(value)) {
    if (forbidden.has(key)) refuse([...path, key], 'this key is not allowed');
    refuseForbiddenKeys(member, [...path, key], refuse);
  }
}

function asData(document: Document, file: string): Record<string, unknown> {
  // A warning says that a tag was not understood, such as one that asks for code.
  const [syntax] = [...document.errors, ...document.warnings];
  if (syntax) throw new SoulboxError('config_invalid', `${file}: ${syntax.message}`, { cause: syntax });
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (cause) {
    throw new SoulboxError('config_invalid', `${file}: ${(cause as Error).message}`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new SoulboxError('config_invalid', `${file}: must be a map of settings`);
  return value as Record<string, unknown>;
}

/**
 * Reads YAML 1.2, of which JSON is a part, as data.
 * @throws config_invalid with its line for what is not well-formed, and for keys that reach prototypes.
 */
export function parseConfigDocument(file: string, text: string): ConfigDocument {
  const counter = new LineCounter();
  if (nestsDeeper(text, maxDepth))
    throw new SoulboxError('config_invalid', `${file}: is nested more than ${maxDepth} deep`);
  const document = parseDocument(text, { lineCounter: counter, uniqueKeys: true, stringKeys: true });
  const value = asData(document, file);
  const line = (path: readonly string[]) => lineOf(document, counter, path);
  refuseForbiddenKeys(value, [], (path, message) => {
    throw new SoulboxError('config_invalid', `${file}:${line(path)}: ${path.join('.')}: ${message}`);
  });
  return { file, value, line };
}
