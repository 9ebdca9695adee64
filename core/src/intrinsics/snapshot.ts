import { builtIns, globalNames } from './built-ins.ts';

interface Property {
  readonly key: PropertyKey;
  readonly descriptor: PropertyDescriptor;
}

/** One property that is not what it was. */
export interface Change {
  /** For people: `Array.prototype.map`. */
  readonly name: string;
  /** What stands there now. */
  readonly value: unknown;
}

interface Watched {
  readonly name: string;
  readonly object: object;
  readonly before: readonly Property[];
  /** Whether properties that were added count as changes. */
  readonly closed: boolean;
}

// Kept from before any plugin could change them. What is below restore() uses no method of an object for that reason.
const { defineProperty, getOwnPropertyDescriptor, is } = Object;
const { ownKeys, deleteProperty } = Reflect;
const text = String;

function propertiesOf(object: object, keys: readonly PropertyKey[]): Property[] {
  return keys.flatMap((key) => {
    const descriptor = getOwnPropertyDescriptor(object, key);
    return descriptor ? [{ key, descriptor }] : [];
  });
}

function same(now: PropertyDescriptor, before: PropertyDescriptor): boolean {
  return (
    is(now.value, before.value) &&
    now.get === before.get &&
    now.set === before.set &&
    now.writable === before.writable &&
    now.enumerable === before.enumerable &&
    now.configurable === before.configurable
  );
}

/** The built-in objects as they are at one time. */
export class IntrinsicsSnapshot {
  private readonly watched: readonly Watched[];

  constructor() {
    const globals = globalThis as Record<string, unknown>;
    // Some become ordinary properties when they are used for the first time.
    for (const name of globalNames) void globals[name];
    this.watched = [
      { name: 'globalThis', object: globalThis, before: propertiesOf(globalThis, globalNames), closed: false },
      ...[...builtIns].map(([name, object]) => ({
        name,
        object,
        before: propertiesOf(object, ownKeys(object)),
        closed: true,
      })),
    ];
  }

  /** Puts back what was changed since, as far as that is possible, and tells what it was. */
  restore(): Change[] {
    const changes: Change[] = [];
    for (let at = 0; at < this.watched.length; at += 1) {
      const watched = this.watched[at] as Watched;
      restoreKnown(watched, changes);
      if (watched.closed) removeAdded(watched, changes);
    }
    return changes;
  }
}

function note(changes: Change[], { name }: Watched, key: PropertyKey, now: PropertyDescriptor | undefined): void {
  changes[changes.length] = { name: `${name}.${text(key)}`, value: now?.value ?? now?.get ?? now?.set };
}

function restoreKnown(watched: Watched, changes: Change[]): void {
  const { object, before } = watched;
  for (let at = 0; at < before.length; at += 1) {
    const { key, descriptor } = before[at] as Property;
    const now = getOwnPropertyDescriptor(object, key);
    if (now && same(now, descriptor)) continue;
    try {
      defineProperty(object, key, descriptor);
    } catch {
      // It was made unchangeable; that it was changed is told all the same.
    }
    note(changes, watched, key, now);
  }
}

function isKnown(key: PropertyKey, before: readonly Property[]): boolean {
  for (let at = 0; at < before.length; at += 1) if (before[at]?.key === key) return true;
  return false;
}

function removeAdded(watched: Watched, changes: Change[]): void {
  const { object, before } = watched;
  const keys = ownKeys(object);
  // A count tells, now that everything known is in its place.
  if (keys.length === before.length) return;
  for (let at = 0; at < keys.length; at += 1) {
    const key = keys[at] as PropertyKey;
    if (isKnown(key, before)) continue;
    const now = getOwnPropertyDescriptor(object, key);
    deleteProperty(object, key);
    note(changes, watched, key, now);
  }
}
