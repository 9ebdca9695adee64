import { types } from 'node:util';
import type { Logger } from 'pino';
import { SoulboxError } from '@soulbox/plugin-sdk';
import { decodeError, encodeError, type EncodedError } from './errors.ts';

/** What stands in a message for something that cannot be copied: it stays on its side, under a number. */
type Reference =
  | { readonly $bridge: 'function'; readonly ref: number }
  | { readonly $bridge: 'stream'; readonly ref: number }
  | { readonly $bridge: 'signal'; readonly ref: number; readonly aborted: boolean }
  | { readonly $bridge: 'map'; readonly ref: number; readonly entries: readonly (readonly [string, unknown])[] }
  | { readonly $bridge: 'error'; readonly error: EncodedError }
  | { readonly $bridge: 'log'; readonly bindings: Record<string, unknown> }
  /** Data that happens to have a member `$bridge`: a client must not be able to forge a reference. */
  | { readonly $bridge: 'data'; readonly members: Record<string, unknown> };

/** Keeps on this side what the other one refers to. Each returns the number. */
export interface Exports {
  keepFunction(fn: (...args: unknown[]) => unknown): number;
  keepStream(stream: AsyncIterable<unknown>): number;
  keepSignal(signal: AbortSignal): number;
  keepMap(map: ReadonlyMap<string, unknown>): number;
}

/** Stands in on this side for what the other one keeps. */
export interface Imports {
  functionFor(ref: number): (...args: unknown[]) => unknown;
  streamFor(ref: number): AsyncIterable<unknown>;
  signalFor(ref: number, aborted: boolean): AbortSignal;
  mapFor(ref: number, entries: Iterable<readonly [string, unknown]>): ReadonlyMap<string, unknown>;
  readonly log: Logger;
}

const maxDepth = 100;
type Functions = Record<string, (...args: unknown[]) => unknown>;

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isStream(value: object): value is AsyncIterable<unknown> {
  return Symbol.asyncIterator in value && !types.isPromise(value);
}

function isLogger(value: object): value is Logger {
  return 'bindings' in value && 'child' in value && 'level' in value;
}

/** The methods of an instance, own and inherited, as plain functions bound to it. Its data stays where it is. */
function methodsOf(instance: object): Functions {
  const methods: Functions = {};
  for (let at: object | null = instance; at && at !== Object.prototype; at = Object.getPrototypeOf(at) as object | null)
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at)))
      if (typeof value === 'function' && name !== 'constructor' && !Object.hasOwn(methods, name))
        methods[name] = (value as Functions[string]).bind(instance);
  return methods;
}

/** Whether the channel copies it by itself: bytes, dates, sets and the like. */
function isCloneable(value: object): boolean {
  return ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value) || types.isDate(value) || types.isSet(value);
}

/** The form in which a value crosses. Plain data is not copied unless something in it must be replaced. */
export function encode(value: unknown, exports: Exports, depth = 0, owner?: object): unknown {
  if (typeof value === 'function') {
    const fn = value as (...args: unknown[]) => unknown;
    return { $bridge: 'function', ref: exports.keepFunction(owner ? fn.bind(owner) : fn) };
  }
  if (typeof value !== 'object' || value === null || isCloneable(value)) return value;
  if (depth > maxDepth)
    throw new SoulboxError('invalid_params', `a value nests more than ${maxDepth} deep, and cannot leave the process`);
  if (Array.isArray(value)) return encodeMembers(value, value, exports, depth);
  return encodeObject(value, exports, depth);
}

function encodeObject(value: object, exports: Exports, depth: number): unknown {
  if (isPlain(value) && !isStream(value)) {
    const members = encodeMembers(value, value, exports, depth);
    return '$bridge' in value ? { $bridge: 'data', members } : members;
  }
  if (value instanceof AbortSignal)
    return { $bridge: 'signal', ref: exports.keepSignal(value), aborted: value.aborted };
  if (isStream(value)) return { $bridge: 'stream', ref: exports.keepStream(value) };
  if (types.isMap(value)) {
    const entries = [...(value as Map<string, unknown>)].map(([k, v]) => [k, encode(v, exports, depth + 1)]);
    return { $bridge: 'map', ref: exports.keepMap(value as Map<string, unknown>), entries };
  }
  if (types.isNativeError(value)) return { $bridge: 'error', error: encodeError(value) };
  if (isLogger(value)) return { $bridge: 'log', bindings: value.bindings() };
  return encode(methodsOf(value), exports, depth + 1);
}

function encodeMembers(value: object, owner: object, exports: Exports, depth: number): unknown {
  let copy: object | undefined;
  for (const [key, member] of Object.entries(value)) {
    const encoded = encode(member, exports, depth + 1, owner);
    if (encoded === member) continue;
    copy ??= Array.isArray(value) ? [...(value as unknown[])] : { ...value };
    setMember(copy, key, encoded);
  }
  return copy ?? value;
}

/** Never through a setter, as `__proto__` has one. */
function setMember(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}

function isReference(value: object): value is Reference {
  return '$bridge' in value;
}

/** The value that {@link encode} was given, with stand-ins for what stayed on the other side. Changes `value` in place. */
export function decode(value: unknown, imports: Imports): unknown {
  if (typeof value !== 'object' || value === null || isCloneable(value)) return value;
  return isReference(value)
    ? decodeReference(value, imports)
    : decodeMembers(value as Record<string, unknown>, imports);
}

function decodeMembers(members: Record<string, unknown>, imports: Imports): unknown {
  for (const [key, member] of Object.entries(members)) {
    const decoded = decode(member, imports);
    if (decoded !== member) setMember(members, key, decoded);
  }
  return members;
}

type Decoders = {
  readonly [K in Reference['$bridge']]: (reference: Extract<Reference, { $bridge: K }>, imports: Imports) => unknown;
};

const decoders: Decoders = {
  function: ({ ref }, imports) => imports.functionFor(ref),
  stream: ({ ref }, imports) => imports.streamFor(ref),
  signal: ({ ref, aborted }, imports) => imports.signalFor(ref, aborted),
  map: ({ ref, entries }, imports) =>
    imports.mapFor(
      ref,
      entries.map(([key, member]) => [key, decode(member, imports)] as const),
    ),
  error: ({ error }) => decodeError(error),
  log: ({ bindings }, imports) => imports.log.child(bindings),
  data: ({ members }, imports) => decodeMembers(members, imports),
};

function decodeReference(reference: Reference, imports: Imports): unknown {
  const decoder = decoders[reference.$bridge] as Decoders['data'];
  return decoder(reference as never, imports);
}
