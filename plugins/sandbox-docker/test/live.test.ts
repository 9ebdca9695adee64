import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'node:test';
import type { LiveAgent, LiveSpec, ProcessEvent } from '@soulbox/plugin-sdk';
import { UidBlocks } from '@soulbox/plugin-sdk/agent';
import { ConnectedAgent, LiveConnection } from '@soulbox/plugin-sdk/live';
import { DockerDriver, SettingsSchema } from '../src/driver.ts';
import { image, noEngine, TestEngine } from './support/engine.ts';
import { until } from './support/runs.ts';

const { signal } = new AbortController();
const limits = { memoryBytes: 64e6, diskBytes: 8 * 1024 * 1024, processes: 16 };
const env = { PATH: '/usr/bin:/bin' };
const newId = () => `sb${randomBytes(8).toString('hex')}`;
const spec = (id: string, over: Partial<LiveSpec> = {}): LiveSpec => ({
  id,
  paths: [],
  labels: {},
  limits,
  mounts: [],
  gateway: false,
  ...over,
});

async function connect(driver: DockerDriver, id: string) {
  const connection = await LiveConnection.open((input) => driver.connect(id, input, { signal }));
  return { connection, agent: new ConnectedAgent(connection) as LiveAgent };
}

async function run(agent: LiveAgent, script: string) {
  const { id } = await agent.start({ argv: ['/bin/sh', '-c', script], env });
  let text = '';
  for await (const event of agent.attach(id)) {
    if (event.type === 'output') text += Buffer.from(event.data).toString('latin1');
    if (event.type === 'ended') return { text, process: event.process };
  }
  throw new Error('the process did not end');
}

async function firstLines(events: AsyncIterable<ProcessEvent>, count: number): Promise<string[]> {
  let text = '';
  for await (const event of events) {
    assert.notEqual(event.type, 'gap');
    if (event.type === 'output') text += Buffer.from(event.data).toString('latin1');
    if (text.split('\n').length > count) break;
  }
  return text.split('\n').slice(0, count);
}

describe('containers that stay', { skip: noEngine }, () => {
  const deploymentId = `live${process.pid}`;
  let engine: TestEngine;
  let stateDir: string;
  let driver: DockerDriver;
  const newDriver = (over: Partial<ConstructorParameters<typeof DockerDriver>[0]> = {}) =>
    new DockerDriver({ deploymentId, settings: SettingsSchema.parse({ host: engine.host, image }), stateDir, ...over });

  before(async () => {
    engine = await TestEngine.start();
    stateDir = await mkdtemp('/var/tmp/soulbox-live-');
    driver = newDriver();
  });
  after(async () => {
    for (const { id } of (await driver?.list().catch(() => [])) ?? []) await driver.destroy(id).catch(() => undefined);
    await driver?.dispose();
    await engine?.stop();
    await rm(stateDir, { recursive: true, force: true });
  });
  const stateOf = async (id: string) => (await driver.list()).find((each) => each.id === id)?.state;

  it('have the walls of a box: nothing of the container, its socket or its files can be seen', async () => {
    const id = newId();
    const { image: made } = await driver.createLive(spec(id, { labels: { tenant: 't' } }), { signal });
    assert.equal(made?.reference, image);
    const { connection, agent } = await connect(driver, id);
    const { text } = await run(
      agent,
      'ls -A /run/soulbox; cat /proc/1/environ; echo x > /etc/x; ls /sys; grep -c . /proc/net/dev; id -u; pwd',
    );
    assert.doesNotMatch(text, /live/);
    assert.match(text, /Permission denied|can't open/);
    assert.match(text, /Read-only file system/);
    assert.match(text, /\n3\n1000\n\/home\/sandbox\n$/);
    const disk = await run(agent, 'head -c 20000000 /dev/zero > big 2>/dev/null || wc -c < big; rm big');
    assert.ok(Number(disk.text) > 0 && Number(disk.text) <= limits.diskBytes, disk.text);
    const { process: greedy } = await run(agent, 'x=x; while :; do x=$x$x; done');
    assert.notEqual(greedy.exitCode, 0, 'ended before it had more memory than it may have');
    assert.equal(connection.isOver, false);
    const { box } = await driver.stats(id);
    assert.ok((box.memoryBytes ?? 0) > 0 && (box.cpuMs ?? 0) > 0);
    connection.close();
    await driver.destroy(id);
    assert.deepEqual([await engine.containers(), await readdir(stateDir)], [[], []]);
  });

  it('are taken over when their host was killed, with their processes and all that these wrote', async () => {
    const id = newId();
    const script = fileURLToPath(new URL('support/leaving-host.js', import.meta.url));
    const host = spawn(process.execPath, [script, engine.host, image, deploymentId, stateDir, id], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(host.stdout, 'data')) as [Buffer];
    const made = JSON.parse(line.toString()) as { boot: number; process: number; pid: number };
    assert.deepEqual(await driver.adopt(), [], 'its host lives');
    host.kill('SIGKILL');
    await once(host, 'exit');
    assert.equal(await driver.reconcile(), 0, 'it is nobody’s, and lives');
    const [adopted, ...others] = await driver.adopt();
    assert.deepEqual([adopted?.id, adopted?.state, adopted?.labels, others], [id, 'running', { made: 'before' }, []]);
    assert.deepEqual(await driver.adopt(), [], 'once');
    const { connection, agent } = await connect(driver, id);
    assert.equal(connection.boot, made.boot);
    const [counting] = await agent.processes();
    assert.deepEqual([counting?.id, counting?.pid, counting?.state], [made.process, made.pid, 'running']);
    assert.deepEqual(
      await firstLines(agent.attach(made.process, { from: 0 }), 50),
      Array.from({ length: 50 }, (_, index) => String(index)),
    );
    assert.equal(await driver.reconcile(), 0);
    assert.equal((await engine.containers()).length, 1);
    connection.close();
    await driver.destroy(id);
    assert.deepEqual(await engine.containers(), []);
  });

  it('have a uid that nobody else gets, also after they were taken over', async () => {
    const range = { uidBase: 1_650_000_000, uidCount: 2 };
    const settings = SettingsSchema.parse({ host: engine.host, image, ...range });
    const few = newDriver({ settings, deploymentId: `${deploymentId}few`, stateDir: join(stateDir, 'few') });
    const [one, two] = [newId(), newId()];
    await few.createLive(spec(one), { signal });
    await few.createLive(spec(two), { signal });
    await assert.rejects(few.createLive(spec(newId()), { signal }), { code: 'sandbox_unavailable' });
    await few.destroy(one);
    await few.createLive(spec(one), { signal });
    for (const id of [one, two]) await few.destroy(id);
    await few.dispose();
    const blocks = new UidBlocks({ base: range.uidBase, count: 1, blocks: 2 });
    const kept = await blocks.keep(range.uidBase);
    assert.equal(await blocks.keep(range.uidBase), undefined);
    assert.equal((await blocks.take()).base, range.uidBase + 1);
    await kept?.release();
    await rm(join(stateDir, 'few'), { recursive: true });
  });

  it('stand still, and go on', async () => {
    const id = newId();
    await driver.createLive(spec(id), { signal });
    const { connection, agent } = await connect(driver, id);
    const { id: counting } = await agent.start({
      argv: ['/bin/sh', '-c', 'while :; do echo x; sleep 0.02; done'],
      env,
    });
    await driver.pause(id);
    await driver.pause(id);
    assert.equal(await stateOf(id), 'paused');
    await assert.rejects(connect(driver, id), { code: 'sandbox_paused' });
    connection.close();
    await driver.resume(id);
    await driver.resume(id);
    const again = await connect(driver, id);
    assert.equal((await again.agent.processes()).find((each) => each.id === counting)?.state, 'running');
    again.connection.close();
    // One that stands still can be taken away, too.
    await driver.pause(id);
    await driver.destroy(id);
    await assert.rejects(driver.pause(id), { code: 'not_found' });
    assert.deepEqual(await engine.containers(), []);
  });

  it('are lost when their container ends, and only they', async () => {
    const [id, other] = [newId(), newId()];
    await driver.createLive(spec(id), { signal });
    await driver.createLive(spec(other), { signal });
    const { connection } = await connect(driver, id);
    const name = (await engine.containers()).find((each) => each.includes(id))!;
    await engine.docker('kill', name);
    assert.equal((await connection.ended)?.code, 'sandbox_lost');
    await until(async () => (await stateOf(id)) === 'exited');
    assert.equal(await stateOf(other), 'running');
    await assert.rejects(connect(driver, id), { code: 'sandbox_lost' });
    await assert.rejects(driver.pause(id), { code: 'sandbox_lost' });
    await driver.destroy(id);
    await driver.destroy(other);
  });

  it('are taken away by the next host where they ended without theirs', async () => {
    const id = newId();
    const script = fileURLToPath(new URL('support/leaving-host.js', import.meta.url));
    const host = spawn(process.execPath, [script, engine.host, image, deploymentId, stateDir, id], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(host.stdout, 'data');
    host.kill('SIGKILL');
    await once(host, 'exit');
    await engine.docker('kill', (await engine.containers())[0]!);
    await until(async () => (await engine.containers()).length === 0);
    assert.deepEqual(await driver.adopt(), []);
    assert.equal(await driver.reconcile(), 1);
    assert.deepEqual(await readdir(stateDir), []);
  });

  it('refuse what cannot be, and leave nothing of it', async () => {
    const mounts = [{ source: '/srv', path: '/mnt/x', readOnly: true }];
    const create = (id: string, over?: Partial<LiveSpec>) => driver.createLive(spec(id, over), { signal });
    await assert.rejects(create('../x'), { code: 'invalid_params' });
    await assert.rejects(create(newId(), { mounts }), { code: 'unsupported', message: /volumes/ });
    await assert.rejects(create(newId(), { image: 'no/such' }), { code: 'image_unavailable' });
    await assert.rejects(create(newId(), { limits: { ...limits, memoryBytes: 1 } }), { code: 'sandbox_unavailable' });
    await assert.rejects(driver.createLive(spec(newId()), { signal: AbortSignal.abort() }), { code: 'cancelled' });
    const id = newId();
    await create(id);
    await assert.rejects(create(id), { code: 'conflict' });
    await driver.destroy(id);
    const nowhere = engine.driver({}, deploymentId);
    await assert.rejects(nowhere.createLive(spec(newId()), { signal }), { code: 'unsupported' });
    const settings = SettingsSchema.parse({ host: engine.host, image, boxes: 'container' });
    const outer = newDriver({ settings });
    await assert.rejects(outer.createLive(spec(newId()), { signal }), { code: 'unsupported' });
    for (const each of [nowhere, outer]) await each.dispose();
    assert.deepEqual([await engine.containers(), await readdir(stateDir)], [[], []]);
  });

  it('stay known where the engine does not take them away', async () => {
    const id = newId();
    await driver.createLive(spec(id), { signal });
    engine.signal('SIGSTOP');
    try {
      await assert.rejects(driver.destroy(id), { code: 'runtime_unavailable' });
    } finally {
      engine.signal('SIGCONT');
    }
    await until(async () => {
      await sleep(100);
      return driver.destroy(id).then(
        () => true,
        () => false,
      );
    });
    assert.deepEqual([await engine.containers(), await readdir(stateDir)], [[], []]);
  });
});
