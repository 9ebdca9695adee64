const iterator = Object.getPrototypeOf([][Symbol.iterator]()) as object;
const generator = Object.getPrototypeOf(function* () {}) as { readonly prototype: object };
const asyncGenerator = Object.getPrototypeOf(async function* () {}) as { readonly prototype: object };

const classes = {
  Object,
  Function,
  Array,
  String,
  Number,
  BigInt,
  Boolean,
  Symbol,
  Promise,
  Map,
  Set,
  WeakMap,
  WeakSet,
  RegExp,
  Date,
  ArrayBuffer,
  Uint8Array,
};

/** The built-in objects that all code of a process shares, by name. */
export const builtIns: ReadonlyMap<string, object> = new Map<string, object>([
  ...Object.entries(classes).flatMap(([name, value]): [string, object][] => [
    [name, value],
    [`${name}.prototype`, value.prototype as object],
  ]),
  // Not its own properties: stackTraceLimit is there to be set.
  ['Error.prototype', Error.prototype],
  ['TypedArray.prototype', Object.getPrototypeOf(Uint8Array.prototype) as object],
  ['the prototype of array iterators', iterator],
  ['the prototype of iterators', Object.getPrototypeOf(iterator) as object],
  ['the prototype of generators', generator.prototype],
  ['the prototype of asynchronous generators', asyncGenerator.prototype],
  ['JSON', JSON],
  ['Math', Math],
]);

/** Globals that must stay what they are; plugins may add others. */
export const globalNames: readonly string[] = [
  ...Object.keys(classes),
  ...['Error', 'JSON', 'Math', 'Reflect', 'Proxy', 'globalThis', 'process', 'Buffer', 'URL', 'AbortController'],
  ...['fetch', 'structuredClone', 'queueMicrotask'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate'],
];
