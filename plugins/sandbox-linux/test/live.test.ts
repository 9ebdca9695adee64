import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { LiveAgent, LiveSpec, ProcessEvent } from '@soulbox/plugin-sdk';
import { ConnectedAgent, LiveConnection } from '@soulbox/plugin-sdk/live';
import { LinuxDriver, SettingsSchema } from '../src/driver.ts';
import { descendants } from './support/descendants.ts';

const { signal } = new AbortController();
const uidBase = 1_650_000_000 + (process.pid % 1000) * 50_000;
const limits = { memoryBytes: 64e6, diskBytes: 8e6, processes: 16 };
const env = { PATH: '/usr/bin:/bin' };

const newId = (): string => `sb${randomBytes(8).toString('hex')}`;
const spec = (id: string, over: Partial<LiveSpec> = {}): LiveSpec => ({
  id,
  paths: [],
  labels: { tenant: 'a' },
  limits,
  mounts: [],
  gateway: false,
  ...over,
});

describe('sandboxes that stay', () => {
  let stateDir: string;
  let deploymentId: string;
  let driver: LinuxDriver;

  const driverHere = (): LinuxDriver =>
    new LinuxDriver({ deploymentId, settings: SettingsSchema.parse({ uidBase, uidBlocks: 16 }), stateDir });
  const connect = async (to: LinuxDriver, id: string): Promise<{ connection: LiveConnection; agent: LiveAgent }> => {
    const connection = await LiveConnection.open((input) => to.connect(id, input, { signal }));
    return { connection, agent: new ConnectedAgent(connection) };
  };
  const outputOf = async (agent: LiveAgent, script: string): Promise<string> => {
    const { id } = await agent.start({ argv: ['/bin/sh', '-c', script], env });
    let text = '';
    for await (const event of agent.attach(id))
      if (event.type === 'output') text += Buffer.from(event.data).toString('utf8');
    return text;
  };

  before(async () => {
    // Longer than the address of a socket may be.
    const folder = await mkdtemp(join('/var/tmp', 'soulbox-live-'));
    stateDir = join(folder, 'x'.repeat(100));
    await mkdir(stateDir);
    deploymentId = `live-${randomBytes(4).toString('hex')}`;
    driver = driverHere();
  });
  after(async () => {
    for (const { id } of await driver.list()) await driver.destroy(id);
    await driver.dispose();
    assert.deepEqual(await readdir(stateDir), []);
    await rm(join(stateDir, '..'), { recursive: true });
  });

  it('are there until they are destroyed, and nothing is left then', async () => {
    const id = newId();
    const info = await driver.createLive(spec(id), { signal });
    assert.deepEqual([info.id, info.state, info.labels], [id, 'running', { tenant: 'a' }]);
    assert.deepEqual(
      (await driver.list()).map((each) => each.id),
      [id],
    );
    const { connection, agent } = await connect(driver, id);
    assert.match(await outputOf(agent, 'id -un; pwd'), /^sandbox\n\/home\/sandbox\n$/);
    const { box } = await driver.stats(id);
    // An ordinary user without a cgroup of its own counts nothing.
    for (const figure of [box.processes, box.memoryBytes])
      assert.ok(figure === null || figure > 0, JSON.stringify(box));
    await driver.destroy(id);
    assert.equal((await connection.ended)?.code, 'sandbox_lost');
    assert.deepEqual(await driver.list(), []);
    await driver.destroy(id);
    await assert.rejects(connect(driver, id), { code: 'not_found' });
    await assert.rejects(driver.pause(id), { code: 'not_found' });
  });

  it('stand still while they are paused', async () => {
    const id = newId();
    await driver.createLive(spec(id), { signal });
    const { connection, agent } = await connect(driver, id);
    const { id: counting } = await agent.start({ argv: ['/bin/sh', '-c', 'while :; do echo; sleep 0.01; done'], env });
    if (!(await driver.probe({ signal })).capabilities.includes('pause')) {
      await assert.rejects(driver.pause(id), { code: 'unsupported' });
      return driver.destroy(id);
    }
    await driver.pause(id);
    assert.equal((await driver.list()).find((each) => each.id === id)?.state, 'paused');
    await assert.rejects(connect(driver, id), { code: 'sandbox_paused' });
    await driver.resume(id);
    assert.ok((await agent.processes()).some((each) => each.id === counting && each.state === 'running'));
    assert.equal(connection.isOver, false);
    await driver.pause(id);
    await driver.destroy(id);
  });

  it('go on when their host is killed, and the next one has them with all that they wrote', async () => {
    const id = newId();
    const script = fileURLToPath(new URL('support/leaving-host.js', import.meta.url));
    const host = spawn(process.execPath, [script, deploymentId, String(uidBase + 20_000), stateDir, id], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(host.stdout.setEncoding('utf8'), 'data')) as [string];
    const made = JSON.parse(line) as { boot: number; process: number; pid: number };
    assert.deepEqual(await driver.adopt(), []);
    host.kill('SIGKILL');
    await once(host, 'exit');
    await sleep(100);
    assert.equal(await driver.reconcile(), 0);
    const [adopted, ...others] = await driver.adopt();
    assert.deepEqual([adopted?.id, adopted?.state, adopted?.labels, others], [id, 'running', { made: 'before' }, []]);
    const { connection, agent } = await connect(driver, id);
    assert.equal(connection.boot, made.boot);
    const [process_] = await agent.processes();
    assert.deepEqual([process_?.id, process_?.pid, process_?.state], [made.process, made.pid, 'running']);
    const numbers = await firstLines(agent.attach(made.process, { from: 0 }), 50);
    assert.deepEqual(
      numbers,
      Array.from({ length: 50 }, (_, index) => String(index)),
    );
    await driver.destroy(id);
  });

  it('are taken away by the next host where they ended without theirs', async () => {
    const id = newId();
    const script = fileURLToPath(new URL('support/leaving-host.js', import.meta.url));
    const host = spawn(process.execPath, [script, deploymentId, String(uidBase + 20_000), stateDir, id], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(host.stdout, 'data');
    const launcher = descendants(host.pid!);
    host.kill('SIGKILL');
    await once(host, 'exit');
    process.kill(Math.min(...launcher), 'SIGKILL');
    await sleep(300);
    assert.equal(await driver.reconcile(), 1);
    assert.deepEqual(await driver.adopt(), []);
  });

  it('are lost when their first process ends, and only they', async () => {
    const [id, other] = [newId(), newId()];
    const before = new Set(descendants(process.pid));
    await driver.createLive(spec(id), { signal });
    const started = descendants(process.pid).filter((pid) => !before.has(pid));
    await driver.createLive(spec(other), { signal });
    const { connection } = await connect(driver, id);
    process.kill(Math.min(...started), 'SIGKILL');
    assert.equal((await connection.ended)?.code, 'sandbox_lost');
    for (let tries = 0; tries < 100 && (await stateOf(id)) !== 'exited'; tries++) await sleep(20);
    assert.deepEqual([await stateOf(id), await stateOf(other)], ['exited', 'running']);
    await assert.rejects(connect(driver, id), { code: 'sandbox_lost' });
    await driver.destroy(id);
    await driver.destroy(other);
  });
  const stateOf = async (id: string) => (await driver.list()).find((each) => each.id === id)?.state;

  it('refuse what cannot be, and leave nothing of it', async () => {
    await assert.rejects(driver.createLive(spec('../x'), { signal }), { code: 'invalid_params' });
    const mounts = [{ source: '/srv', path: '/mnt/x', readOnly: true }];
    await assert.rejects(driver.createLive(spec(newId(), { mounts }), { signal }), { code: 'unsupported' });
    const impossible = spec(newId(), { limits: { ...limits, memoryBytes: 1 } });
    await assert.rejects(driver.createLive(impossible, { signal }), { code: 'sandbox_unavailable' });
    await assert.rejects(driver.createLive(spec(newId()), { signal: AbortSignal.abort() }), { code: 'cancelled' });
    const id = newId();
    await driver.createLive(spec(id), { signal });
    await assert.rejects(driver.createLive(spec(id), { signal }), { code: 'conflict' });
    await driver.destroy(id);
    const nowhere = new LinuxDriver({ deploymentId, settings: SettingsSchema.parse({ uidBase, uidBlocks: 16 }) });
    await assert.rejects(nowhere.createLive(spec(newId()), { signal }), { code: 'unsupported' });
    assert.deepEqual(await nowhere.adopt(), []);
    assert.deepEqual(await readdir(stateDir), []);
  });

  it('are no business of a record that cannot be read', async () => {
    await mkdir(join(stateDir, 'broken'));
    await writeFile(join(stateDir, 'broken', 'box.json'), '{"id":');
    assert.deepEqual(await driver.adopt(), []);
    assert.equal(await driver.reconcile(), 0);
    await rm(join(stateDir, 'broken'), { recursive: true });
  });

  it('say in the report that they can be had', async () => {
    const { capabilities } = await driver.probe({ signal });
    assert.ok(capabilities.includes('live'), capabilities.join());
  });
});

async function firstLines(events: AsyncIterable<ProcessEvent>, count: number): Promise<string[]> {
  let text = '';
  for await (const event of events) {
    assert.notEqual(event.type, 'gap');
    if (event.type === 'output') text += Buffer.from(event.data).toString('utf8');
    if (text.split('\n').length > count) break;
  }
  return text.split('\n').slice(0, count);
}
