import assert from 'node:assert/strict';
import { test } from 'node:test';
import { optional, SoulboxError, token, tokens, type HealthStatus, type Plugin } from '@soulbox/plugin-sdk';
import { createTestHost, MemoryStore } from '@soulbox/plugin-sdk/testing';
import { configFrom } from '../../src/config/load.ts';
import { Host } from '../../src/host.ts';
import { plugin, recordOf, states } from '../support/plugins.ts';
import { storePlugin } from '../support/scripted-host.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const Base = token<object>('base', '1.0.0');
const Middle = token<object>('middle', '1.0.0');
const Many = tokens<object>('extra', '1.0.0');

/** Three plugins, each of which needs the one before, and what they do in the order in which they do it. */
function chain(): { readonly plugins: Record<string, { plugin: Plugin }>; readonly events: string[] } {
  const events: string[] = [];
  const record = (id: string) => {
    events.push(`${id} up`);
    return () => void events.push(`${id} down`);
  };
  const top = plugin('top', () => record('top'), { requires: { middle: Middle } });
  const middle = plugin(
    'middle',
    (context) => {
      context.provide(Middle, {});
      return record('middle');
    },
    { requires: { base: Base }, provides: [Middle] },
  );
  const base = plugin(
    'base',
    async (context) => {
      await new Promise((resolve) => setImmediate(resolve));
      context.provide(Base, {});
      return record('base');
    },
    { provides: [Base] },
  );
  const free = plugin('free', () => record('free'));
  return {
    plugins: { top: { plugin: top }, middle: { plugin: middle }, base: { plugin: base }, free: { plugin: free } },
    events,
  };
}

test('plugins start after what they need and stop before it', async () => {
  const { plugins, events } = chain();
  const host = await createTestHost({ plugins });
  assert.deepEqual(events, ['free up', 'base up', 'middle up', 'top up']);
  assert.deepEqual(states(host, 'top', 'middle', 'base'), ['active', 'active', 'active']);
  assert.ok((recordOf(host, 'base').instance?.startedMs ?? -1) >= 0);
  await host.stop();
  const stopped = events.slice(4);
  assert.deepEqual(
    stopped.filter((event) => event !== 'free down'),
    ['top down', 'middle down', 'base down'],
  );
  assert.deepEqual(states(host, 'top', 'middle', 'base', 'free'), Array(4).fill('stopped'));
});

test('every change of state is told, with its reason', async () => {
  const told: string[] = [];
  const witness = plugin(
    'witness',
    (context) => {
      context.hooks.tap('plugin.changed', ({ plugin: id, from, to, reason }) => {
        if (id !== 'witness' && !id.includes('-')) told.push(`${id} ${from} ${to} ${reason}`);
      });
      context.provide(Base, {});
    },
    { provides: [Base] },
  );
  const skipper = plugin('skipper', (context) => context.skip('no GPU here'), { requires: { base: Base } });
  const host = await createTestHost({
    plugins: {
      witness: { plugin: witness },
      skipper: { plugin: skipper },
      worker: { plugin: plugin('worker', () => {}, { requires: { base: Base } }) },
    },
  });
  await host.stop();
  assert.deepEqual(
    told.filter((line) => line.startsWith('skipper')),
    ['skipper pending starting null', 'skipper starting skipped no GPU here'],
  );
  assert.deepEqual(
    told.filter((line) => line.startsWith('worker')),
    [
      'worker pending starting null',
      'worker starting active null',
      'worker active draining null',
      'worker draining stopped null',
    ],
  );
});

test('a plugin that skips itself is no failure, gives back what it took, and blocks who needs it', async () => {
  let undone = false;
  const skipper = plugin(
    'skipper',
    async (context) => {
      await context.effect(() => () => void (undone = true));
      context.provide(Base, {});
      context.skip('no GPU here');
    },
    { provides: [Base] },
  );
  const user = plugin('user', () => assert.fail('must not start'), { requires: { base: Base } });
  const easy = plugin('easy', (_context, { base }) => assert.equal(base, undefined), {
    requires: { base: optional(Base) },
  });
  await using host = await createTestHost({
    plugins: { skipper: { plugin: skipper }, user: { plugin: user }, easy: { plugin: easy } },
  });
  assert.deepEqual(states(host, 'skipper', 'user', 'easy'), ['skipped', 'blocked', 'active']);
  assert.deepEqual([recordOf(host, 'skipper').reason, recordOf(host, 'skipper').error], ['no GPU here', undefined]);
  assert.equal(recordOf(host, 'user').reason, 'plugin skipper is skipped');
  assert.deepEqual([undone, host.service(Base)], [true, undefined]);
});

test('a failing plugin blocks those that need it, directly or not, and nobody else', async () => {
  const { plugins } = chain();
  const base = plugin('base', () => Promise.reject(new Error('no')), { provides: [Base] });
  await using host = await createTestHost({ plugins: { ...plugins, base: { plugin: base } } });
  assert.deepEqual(states(host, 'base', 'middle', 'top', 'free'), ['failed', 'blocked', 'blocked', 'active']);
  assert.equal(recordOf(host, 'middle').reason, 'plugin base is failed');
  assert.equal(recordOf(host, 'top').reason, 'plugin middle is blocked');
});

test('a plugin in quarantine takes down who needs it, the last to start first; the rest goes on', async () => {
  const { plugins, events } = chain();
  await using host = await createTestHost({ plugins });
  events.length = 0;
  await host.host.quarantine('base', new Error('threw in a timer'));
  assert.deepEqual(events, ['top down', 'middle down', 'base down']);
  assert.deepEqual(states(host, 'base', 'middle', 'top', 'free'), ['failed', 'blocked', 'blocked', 'active']);
  assert.match(recordOf(host, 'base').error?.message ?? '', /threw in a timer/);
  assert.equal(recordOf(host, 'middle').reason, 'plugin base failed');
  assert.deepEqual([host.service(Base), host.service(Middle)], [undefined, undefined]);
  await host.host.quarantine('base', new Error('again'));
  await host.host.quarantine('nobody', new Error('unknown'));
  assert.equal(events.length, 3);
  assert.match(recordOf(host, 'base').error?.message ?? '', /threw in a timer/);
});

test('a user of a many token outlives one of its providers', async () => {
  let seen: ReadonlyMap<string, object> | undefined;
  const provider = (id: string) => plugin(id, (context) => context.provide(Many, {}, id), { provides: [Many] });
  const user = plugin('user', (_context, { many }) => void (seen = many as typeof seen), { requires: { many: Many } });
  await using host = await createTestHost({
    plugins: { a: { plugin: provider('a') }, b: { plugin: provider('b') }, user: { plugin: user } },
  });
  assert.deepEqual([...(seen?.keys() ?? [])], ['a', 'b']);
  await host.host.quarantine('a', new Error('no'));
  assert.deepEqual([...(seen?.keys() ?? [])], ['b']);
  assert.deepEqual(states(host, 'a', 'b', 'user'), ['failed', 'active', 'active']);
});

test('a plugin that is put into quarantine while it starts does not come up after all', async () => {
  const gate: { quarantine?: Promise<void> } = {};
  let stopped = 0;
  const starting = plugin('starting', async (context) => {
    await context.effect(() => () => void (stopped += 1));
    await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
    return () => void (stopped += 1);
  });
  const failsLate = plugin('fails-late', async (context) => {
    await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
    throw new SoulboxError('overloaded', 'its own reason');
  });
  const trigger = plugin('trigger', (context) => {
    context.hooks.tap('plugin.changed', ({ plugin: id, to }) => {
      // By now all three are starting.
      if (id === 'trigger' && to === 'active')
        gate.quarantine = Promise.all(
          ['starting', 'fails-late'].map((one) => host.quarantine(one, new Error('threw in a timer'))),
        ).then(() => undefined);
    });
  });
  const plugins = { starting: { plugin: starting }, 'fails-late': { plugin: failsLate }, trigger: { plugin: trigger } };
  await using folder = await temporaryFolder();
  const config = configFrom({ host: { logLevel: 'silent', dataDir: folder.path } });
  const host = new Host({
    config,
    plugins: { ...plugins, store: { plugin: storePlugin(new MemoryStore()) } },
    listen: false,
  });
  await host.start();
  await gate.quarantine;
  const found = host.plugins
    .filter(({ id }) => id in plugins)
    .map(({ id, state, error }) => [id, state, error?.message]);
  assert.deepEqual(found, [
    ['starting', 'failed', 'threw in a timer'],
    ['fails-late', 'failed', 'threw in a timer'],
    ['trigger', 'active', undefined],
  ]);
  assert.equal(stopped, 2);
  await host.stop();
});

test('what a health check says is the state, and is told when it changes', async () => {
  const told: string[] = [];
  let answer: () => Promise<HealthStatus> = () => Promise.resolve({ status: 'up', detail: 'fine' });
  const checked = plugin('checked', (context) => {
    context.health(() => answer());
    context.hooks.tap('plugin.changed', ({ from, to }) => void told.push(`${from} ${to}`));
  });
  await using host = await createTestHost({ plugins: { checked: { plugin: checked } } });
  const ask = async () => {
    await host.call('plugins.list');
    return [recordOf(host, 'checked').state, recordOf(host, 'checked').reason];
  };
  told.length = 0;
  assert.deepEqual(await ask(), ['active', null]);
  assert.deepEqual(told, []);
  answer = () => Promise.resolve({ status: 'degraded', detail: 'slow disk' });
  assert.deepEqual(await ask(), ['degraded', 'slow disk']);
  assert.deepEqual(await ask(), ['degraded', 'slow disk']);
  answer = () => Promise.resolve({ status: 'down' });
  assert.deepEqual(await ask(), ['degraded', 'down']);
  answer = () => Promise.reject(new Error('a path: /home/x'));
  assert.deepEqual(await ask(), ['degraded', 'the health check failed']);
  answer = () => {
    throw new SoulboxError('storage_failed', 'the disk is full');
  };
  assert.deepEqual(await ask(), ['degraded', 'the disk is full']);
  for (const nonsense of [undefined, 'up', { status: 'splendid' }]) {
    answer = () => Promise.resolve(nonsense as never);
    const [state, reason] = await ask();
    assert.equal(state, 'degraded');
    assert.match(String(reason), /Invalid/);
  }
  answer = () => new Promise(() => {});
  assert.deepEqual(await ask(), ['degraded', 'the health check did not answer within 1000 ms']);
  answer = () => Promise.resolve({ status: 'up' });
  assert.deepEqual(await ask(), ['active', null]);
  assert.deepEqual([told[0], told.at(-1)], ['active degraded', 'degraded active']);
});

test('a health check that answers after its plugin was put into quarantine does not revive it', async () => {
  const asked = { resolve: (_status: HealthStatus) => {} };
  const checked = plugin('checked', (context) => {
    context.health(() => new Promise((resolve) => (asked.resolve = resolve)));
  });
  await using host = await createTestHost({ plugins: { checked: { plugin: checked } } });
  const listing = host.call('plugins.list');
  await new Promise((resolve) => setImmediate(resolve));
  await host.host.quarantine('checked', new Error('no'));
  asked.resolve({ status: 'up' });
  await listing;
  assert.deepEqual(states(host, 'checked'), ['failed']);
});
