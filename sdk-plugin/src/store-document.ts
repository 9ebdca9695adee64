import type { JsonObject } from './contracts/store.ts';
import { SoulboxError } from './errors.ts';

const maxDepth = 100;

/** Whether JSON keeps a value as it is. Says nothing about where it does not, which would cost much more. */
function isKept(value: unknown, depth: number): boolean {
  if (value === null) return true;
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      return depth < maxDepth && areKept(value, depth);
    default:
      return false;
  }
}

function areKept(value: object, depth: number): boolean {
  if (Array.isArray(value)) return value.every((item) => isKept(item, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  for (const key of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[key];
    if (member !== undefined && !isKept(member, depth + 1)) return false;
  }
  return true;
}

function refuse(path: string, message: string): never {
  throw new SoulboxError('invalid_params', `document${path}: ${message}`, {
    details: { problems: [{ path, message }] },
  });
}

function checkMembers(value: object, path: string, depth: number): void {
  if (depth === maxDepth) refuse(path, `is nested more than ${maxDepth} deep`);
  if (Array.isArray(value)) {
    value.forEach((item, index) => check(item, `${path}.${index}`, depth + 1));
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) refuse(path, 'must be plain data');
  for (const [key, member] of Object.entries(value)) {
    if (member !== undefined) check(member, `${path}.${key}`, depth + 1);
  }
}

function check(value: unknown, path: string, depth: number): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) refuse(path, 'must be a finite number');
  } else if (typeof value === 'object') checkMembers(value, path, depth);
  else refuse(path, `must be JSON, not ${typeof value}`);
}

/**
 * The JSON text of a document, for implementations of Store. Members that are `undefined` are left out.
 * @throws invalid_params for what JSON would change or lose, or nests too deep; payload_too_large for more than
 * `maxBytes` in UTF-8.
 */
export function encodeDocument(value: JsonObject, maxBytes: number): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse('', 'must be an object');
  if (!isKept(value, 0)) check(value, '', 0);
  const text = JSON.stringify(value);
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes)
    throw new SoulboxError('payload_too_large', `a document has ${bytes} bytes; at most ${maxBytes} are kept`, {
      details: { bytes, maxBytes },
    });
  return text;
}
