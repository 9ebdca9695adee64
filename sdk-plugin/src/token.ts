/** A versioned capability that plugins provide and require, instead of each other's names. */
export interface Token<T, K extends 'one' | 'many' = 'one' | 'many'> {
  readonly id: string;
  /** Semantic version of the contract, e.g. `1.2.0`. A requirement is met by the same major and at least the same minor. */
  readonly version: string;
  readonly kind: K;
  /** `Symbol.for('soulbox/<id>@<major>')`, so that two copies of this SDK agree. */
  readonly key: symbol;
  /** The methods that every service under it must have; one that lacks some is refused. */
  readonly methods?: readonly string[];
  readonly optional?: false;
  /** Carries the service's type; never present at run time. */
  readonly type?: T;
}

/** A token whose absence is accepted: the service is then `undefined`. */
export interface OptionalToken<T = unknown, K extends 'one' | 'many' = 'one' | 'many'> {
  readonly token: Token<T, K>;
  readonly optional: true;
}

// Function parameters make `Token<T>` invariant, so "a token of anything" needs the type that fits both ways.
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyToken = Token<any>;
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyRequirement = AnyToken | OptionalToken<any>;

/** What a plugin asks for, by the name under which it wants to use it. */
export type Requires = Readonly<Record<string, AnyRequirement>>;

type Service<X> =
  X extends OptionalToken<infer T, infer K>
    ? K extends 'many'
      ? ReadonlyMap<string, T>
      : T | undefined
    : X extends Token<infer T, infer K>
      ? K extends 'many'
        ? ReadonlyMap<string, T>
        : T
      : never;

/** The services for a {@link Requires}: one value, or for a `many` token a live map from provider name to value. */
export type Resolved<R extends Requires> = { readonly [N in keyof R]: Service<R[N]> };

/** The methods of a contract that are not optional. */
type MethodName<T> = {
  [K in keyof T]: T[K] extends (...args: never[]) => unknown ? K : never;
}[keyof T] &
  string;

function make<T, K extends 'one' | 'many'>(
  id: string,
  version: string,
  kind: K,
  methods: readonly string[],
): Token<T, K> {
  const major = /^(\d+)\.\d+\.\d+$/.exec(version)?.[1];
  if (major === undefined) throw new TypeError(`token ${id}: version "${version}" is not of the form 1.2.3`);
  const key = Symbol.for(`soulbox/${id}@${major}`);
  return Object.freeze({ id, version, kind, key, methods: Object.freeze([...methods]) });
}

/**
 * A capability with exactly one provider. A service that lacks one of `methods` is refused when it is provided.
 * @throws TypeError if the version is not `x.y.z`.
 */
export function token<T>(id: string, version: string, methods: readonly MethodName<T>[] = []): Token<T, 'one'> {
  return make<T, 'one'>(id, version, 'one', methods);
}

/** As {@link token}, for a capability with any number of named providers. */
export function tokens<T>(id: string, version: string, methods: readonly MethodName<T>[] = []): Token<T, 'many'> {
  return make<T, 'many'>(id, version, 'many', methods);
}

/** Marks a requirement as one that may be missing. */
export function optional<T, K extends 'one' | 'many'>(wanted: Token<T, K>): OptionalToken<T, K> {
  return Object.freeze({ token: wanted, optional: true });
}
