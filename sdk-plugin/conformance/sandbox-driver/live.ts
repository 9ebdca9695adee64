import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import type { LiveAgent, LiveSpec, ProcessEvent, SandboxCapability } from '@soulbox/plugin-sdk';
import { ConnectedAgent, LiveConnection } from '@soulbox/plugin-sdk/live';
import type { Subject } from './subject.ts';

const { signal } = new AbortController();
const env = { PATH: '/usr/bin:/bin' };

async function* bytes(...texts: readonly string[]): AsyncIterable<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const textOf = (events: readonly ProcessEvent[]): string =>
  events.map((event) => (event.type === 'output' ? Buffer.from(event.data).toString('utf8') : '')).join('');

/** What a host can do in a sandbox that stays: each is tried in turn in the same one. */
const operations: readonly (readonly [name: string, run: (agent: LiveAgent, shell: string) => Promise<void>])[] = [
  [
    'write, read, stat',
    async (agent) => {
      const { size } = await agent.write('a/b', bytes('hel', 'lo'), { parents: true, atomic: true, mode: 0o600 });
      assert.equal(size, 5);
      assert.equal(Buffer.concat(await collect(agent.read('a/b', { offset: 1, length: 3 }))).toString(), 'ell');
      assert.equal((await agent.stat('a/b')).mode, 0o600);
      await assert.rejects(agent.stat('none'), { code: 'path_not_found' });
    },
  ],
  [
    'makeFolder, list, link, set',
    async (agent) => {
      await agent.makeFolder('f/g', { parents: true });
      await agent.link('f/l', 'g');
      assert.equal((await agent.set('f/g', { mode: 0o700 })).mode, 0o700);
      const listed = (await collect(agent.list('f', { depth: 2 }))).flat();
      assert.deepEqual(listed.map(({ path, type }) => `${type} ${path}`).toSorted(), [
        'folder /home/sandbox/f/g',
        'link /home/sandbox/f/l',
      ]);
    },
  ],
  [
    'move, copy, remove',
    async (agent) => {
      assert.equal(await agent.copy('a', 'c', { recursive: true }), 5);
      await agent.move('c/b', 'c/d');
      await assert.rejects(agent.remove('c'), { code: 'folder_not_empty' });
      await agent.remove('c', { recursive: true });
      await agent.remove('c', { missing: true });
    },
  ],
  [
    'search, watch',
    async (agent) => {
      const [match] = await collect(agent.search('a', { name: 'b', text: 'ell' }));
      assert.deepEqual([match?.path, match?.line, match?.column], ['/home/sandbox/a/b', 1, 2]);
      for await (const event of agent.watch('a')) {
        if (event.type === 'ready') void agent.write('a/new', bytes('x'));
        if (event.type === 'written') break;
      }
    },
  ],
  [
    'pack, unpack',
    async (agent) => {
      const tar = await collect(agent.pack(['a']));
      await agent.makeFolder('into');
      const { entries } = await agent.unpack(
        'into',
        (async function* () {
          yield* tar;
        })(),
      );
      assert.ok(entries >= 2);
      assert.equal((await agent.stat('into/a/b')).size, 5);
    },
  ],
  [
    'start, attach, input, processes, forget',
    async (agent, shell) => {
      const { id } = await agent.start({ argv: [shell, '-c', 'read x; echo got $x; exit 3'], env, stdin: true });
      await agent.input(id, bytes('it\n'), { close: true });
      const events = await collect(agent.attach(id));
      assert.equal(textOf(events), 'got it\n');
      const last = events.at(-1);
      assert.equal(last?.type === 'ended' && last.process.exitCode, 3);
      assert.ok((await agent.processes()).some((process) => process.id === id));
      await agent.forget(id);
      await assert.rejects(collect(agent.attach(id)), { code: 'process_not_found' });
    },
  ],
  [
    'terminals, resize, kill',
    async (agent, shell) => {
      const { id } = await agent.start({ argv: [shell], env, terminal: { rows: 10, columns: 20 } });
      await agent.resize(id, { rows: 30, columns: 40 });
      await agent.input(id, bytes('echo $((6*7))\n'));
      let text = '';
      for await (const event of agent.attach(id)) {
        text += textOf([event]);
        if (text.includes('42')) break;
      }
      await agent.kill(id, 'SIGKILL', { session: true });
      const last = (await collect(agent.attach(id))).at(-1);
      assert.equal(last?.type === 'ended' && last.process.signal, 'SIGKILL');
    },
  ],
  [
    'dial, ports',
    async (agent) => {
      await assert.rejects(collect(agent.dial(9, bytes('x'))), { code: 'port_closed' });
      assert.ok(Array.isArray(await agent.ports()));
    },
  ],
];

/** That the gateway is served; what it catches depends on programs that not every image has. */
async function serves(agent: LiveAgent): Promise<void> {
  const stop = new AbortController();
  const caught = collect(agent.gateway({ signal: stop.signal }));
  await agent.ports();
  stop.abort();
  await assert.rejects(caught, { code: 'cancelled' });
}

/** What takes a capability of its own. */
const beyond = {
  'network-policy': { gateway: true },
  volumes: { mounts: [{ source: '/tmp', path: '/mnt/v', readOnly: true }] },
};

/** Sandboxes that stay. A driver without the capability lacks the methods too. */
export function describeLive(subject: Subject): void {
  describe('sandboxes that stay', () => {
    it('are what the capabilities say', async () => {
      const { capabilities } = subject.report;
      const { driver } = subject;
      if (!capabilities.includes('live')) {
        const wanted = driver.createLive?.(spec(subject), { signal });
        return wanted ? assert.rejects(wanted, { code: 'unsupported' }) : assert.ok(!capabilities.includes('pause'));
      }
      const gateway = capabilities.includes('network-policy');
      for (const [capability, over] of Object.entries(beyond))
        if (!capabilities.includes(capability as SandboxCapability))
          await assert.rejects(driver.createLive!({ ...spec(subject), ...over }, { signal }), { code: 'unsupported' });
      const { id, state } = await driver.createLive!({ ...spec(subject), gateway }, { signal });
      try {
        assert.equal(state, 'running');
        const connection = await LiveConnection.open((input) => driver.connect!(id, input, { signal }));
        const agent = new ConnectedAgent(connection);
        for (const [name, run] of operations) await assert.doesNotReject(run(agent, subject.shell), name);
        if (gateway) await assert.doesNotReject(serves(agent), 'gateway');
        await connection.ping(10_000);
        if (capabilities.includes('pause')) {
          await driver.pause!(id);
          await driver.pause!(id);
          assert.equal((await driver.list()).find((box) => box.id === id)?.state, 'paused');
          await driver.resume!(id);
          await connection.ping(10_000);
        } else await assert.rejects(driver.pause!(id), { code: 'unsupported' });
        assert.deepEqual(await driver.adopt!(), [], 'what is this driver’s own is taken over by nobody');
        await driver.destroy(id);
        assert.equal((await connection.ended)?.code, 'sandbox_lost');
      } finally {
        await driver.destroy(id);
      }
      assert.ok((await driver.list()).every((box) => box.id !== id));
    });
  });
}

function spec(subject: Subject): LiveSpec {
  return {
    id: `sb${randomBytes(8).toString('hex')}`,
    paths: subject.paths,
    labels: {},
    limits: { memoryBytes: 64 * 1024 * 1024, diskBytes: 8 * 1024 * 1024, processes: 32 },
    mounts: [],
    gateway: false,
  };
}
