import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { watchIntrinsics } from '../../src/intrinsics/watch.ts';
import { failure } from '../support/expect.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const { signal } = new AbortController();
const globals = globalThis as unknown as Record<string, unknown>;
const prototypes = globals as Record<string, { prototype: Record<PropertyKey, unknown> }>;
const patched = () => 'patched';
const it = { id: 'it', folder: null };
const whole = (text: string) => new RegExp(`put back: ${text.replaceAll('.', '\\.').replaceAll(/[()]/g, '\\$&')}$`);

function redefine(name: string, key: string, descriptor: PropertyDescriptor): void {
  Object.defineProperty(prototypes[name]!.prototype, key, descriptor);
}

/** What is done, and the name of what is changed by it. */
const changes: readonly (readonly [name: string, change: () => void])[] = [
  ['Array.prototype.map', () => (prototypes['Array']!.prototype['map'] = patched)],
  ['Array.prototype.Symbol(Symbol.iterator)', () => (prototypes['Array']!.prototype[Symbol.iterator] = patched)],
  ['Array.prototype.added', () => (prototypes['Array']!.prototype['added'] = 1)],
  ['Object.prototype.polluted', () => (prototypes['Object']!.prototype['polluted'] = true)],
  ['Promise.prototype.then', () => delete (Promise.prototype as Partial<Promise<unknown>>).then],
  ['Map.prototype.get', () => redefine('Map', 'get', { enumerable: true })],
  ['Set.prototype.size', () => redefine('Set', 'size', { get: patched })],
  ['String.prototype.trim', () => (prototypes['String']!.prototype['trim'] = patched)],
  ['Function.prototype.call', () => (prototypes['Function']!.prototype['call'] = patched)],
  ['RegExp.prototype.exec', () => (prototypes['RegExp']!.prototype['exec'] = patched)],
  ['JSON.parse', () => (JSON.parse = patched as never)],
  ['Math.random', () => (Math.random = () => 4)],
  ['globalThis.fetch', () => (globals['fetch'] = patched)],
  ['globalThis.Promise', () => (globals['Promise'] = patched)],
];
for (const [name, change] of changes) {
  test(`${name} is put back, and the plugin that changed it fails`, async () => {
    const before = [1, 2].map((n) => n * 2);
    const keys = Reflect.ownKeys(Array.prototype).length;
    await assert.rejects(
      watchIntrinsics(it, change, signal),
      failure('plugin_failed', /^plugin it changed built-in objects/, whole(name)),
    );
    assert.deepEqual(
      [1, 2].map((n) => n * 2),
      before,
    );
    assert.equal(Reflect.ownKeys(Array.prototype).length, keys);
    await watchIntrinsics(it, () => 'clean', signal);
  });
}

test('code that leaves everything as it is answers and throws as ever', async () => {
  assert.equal(await watchIntrinsics(it, async () => 7, signal), 7);
  await assert.rejects(
    watchIntrinsics(it, () => Promise.reject(new Error('of its own')), signal),
    /of its own/,
  );
  globals['soulboxTestAdded'] = 1;
  delete globals['soulboxTestAdded'];
});

test('what it changes is told before what it throws, and so is what it changes late', async () => {
  const change = () => void (Math.random = () => 4);
  const throwing = () => {
    change();
    throw new Error('of its own');
  };
  await assert.rejects(watchIntrinsics(it, throwing, signal), whole('Math.random'));
  const late = async () => {
    await sleep(1);
    change();
  };
  await assert.rejects(watchIntrinsics(it, late, signal), whole('Math.random'));
});

test('many changes are named in part', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  const change = () => names.forEach((name) => (prototypes['Array']!.prototype[name] = 1));
  await assert.rejects(watchIntrinsics(it, change, signal), /Array\.prototype\.e and 2 more$/);
});

test('what cannot be put back is told all the same', async () => {
  // Cannot be undone, and does no harm to the tests after it.
  const change = () => redefine('WeakSet', 'has', { configurable: false });
  await assert.rejects(watchIntrinsics(it, change, signal), whole('WeakSet.prototype.has'));
  await watchIntrinsics(it, () => 'clean', signal);
});

test('what happens after its time is over is not looked at', async () => {
  const over = new AbortController();
  const { random } = Math;
  const late = async () => {
    await sleep(5);
    Math.random = patched as never;
  };
  const watched = watchIntrinsics(it, late, over.signal);
  over.abort();
  await watched;
  assert.equal(Math.random, patched as never);
  Math.random = random;
});

/** A module of a plugin whose `run` changes things after a while. */
async function moduleOf(folder: TemporaryFolder, name: string, change: string) {
  const file = await folder.write(`${name}/index.mjs`, `export async function run(done) { await done; ${change} }`);
  const { run } = (await import(pathToFileURL(file).href)) as { run: (done: Promise<void>) => Promise<void> };
  return { newcomer: { id: name, folder: file.slice(0, -'/index.mjs'.length) }, run };
}

test('of several that are brought up at once, the author is found out', async () => {
  await using folder = await temporaryFolder();
  const bad = await moduleOf(folder, 'bad', 'Array.prototype.map = function evil() {}; Array.prototype.added = 1;');
  const good = await moduleOf(folder, 'good', '');
  let go: (() => void) | undefined;
  const gate = new Promise<void>((resolve) => (go = resolve));
  const [first, second, third] = [
    watchIntrinsics(good.newcomer, () => good.run(sleep(10)), signal),
    watchIntrinsics(bad.newcomer, () => bad.run(gate).then(() => sleep(20)), signal),
    watchIntrinsics(it, () => sleep(5), signal),
  ];
  go?.();
  const outcomes = await Promise.allSettled([first, second, third]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  await assert.rejects(second, whole('Array.prototype.map, Array.prototype.added'));
});

test('one that begins later is not blamed for what was changed before, even where nothing tells the author', async () => {
  let finish: (() => void) | undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const changed = sleep(0).then(() => (prototypes['Array']!.prototype['added'] = 1));
  const first = watchIntrinsics({ id: 'first', folder: null }, () => changed.then(() => finished), signal);
  first.catch(() => undefined);
  await changed;
  await watchIntrinsics(it, () => 'clean', signal);
  finish?.();
  await assert.rejects(first, failure('plugin_failed', /^plugin first/, whole('Array.prototype.added')));
});
