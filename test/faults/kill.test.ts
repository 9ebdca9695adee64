import assert from 'node:assert/strict';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionResult, RemoteClient, Verdict } from '@soulbox/plugin-sdk';
import { connect } from '@soulbox/plugin-transport-websocket/client';
import { hostMounts } from '../support/leftovers.ts';
import { needs } from '../support/needs.ts';
import { startHost, type RunningHost } from '../support/running-host.ts';
import { makeHome, type Home } from '../support/soulbox.ts';
import { startLoad, type Told } from './load.ts';
import { randomFrom } from './random.ts';
import { deploymentCgroups, deploymentIdOf, descendants, stillThere, taggedProcesses, untilNone } from './traces.ts';

const seed = Number(process.env['SOULBOX_FAULT_SEED'] ?? 20_261_124);
const tests = 5;
const roundsPerTest = 10;
const callers = 6;
/** Longer than a program may run, so that some hosts die when much has settled. */
const latestKillMs = 1_000;

describe('a host that is killed', { skip: needs('python3') }, () => {
  const random = randomFrom(seed);
  const tag = `soulbox-fault-${process.pid}-${seed}`;
  /** Processes of programs that were there when their host was killed, over all tests. */
  let caught = 0;
  const verdicts = new Map<string, Verdict | null>();
  let home: Home;
  let temporary: string;
  let host: RunningHost;
  let key: string;
  let client: RemoteClient;
  let mountsBefore: string[];

  const start = async (): Promise<void> => {
    host = await startHost({ home, plugins: '  language-typescript: false' });
    key ??= host.key!;
    client = await connect({ url: host.url, key });
    // A host serves before it knows its languages: only from then on does the load find all at work.
    for (const language of ['python', 'javascript'])
      await client.call('executions.create', { language, code: '', args: [tag] });
  };

  before(async () => {
    mountsBefore = await hostMounts();
    const made = await makeHome();
    temporary = join(made.folder, 'tmp');
    await mkdir(temporary);
    home = { ...made, env: { ...made.env, TMPDIR: temporary } };
    await start();
  });
  after(async () => {
    await client?.close();
    await host?.end('SIGTERM');
    await home?.[Symbol.asyncDispose]();
  });

  /** Loads the host, kills it at a random moment and starts another over its data. */
  async function round(): Promise<Told> {
    const load = startLoad(client, callers, tag, random);
    await sleep(random() * latestKillMs);
    const [processes, tagged] = await Promise.all([descendants(host.child.pid!), taggedProcesses(tag)]);
    caught += tagged.length;
    assert.equal(await host.end('SIGKILL'), null);
    const id = await deploymentIdOf(home);
    const cgroups = await deploymentCgroups(id);
    await load.end();
    await client.close();
    assert.deepEqual(
      await untilNone(async () => [...(await stillThere(processes)), ...(await taggedProcesses(tag))]),
      [],
    );
    await start();
    const remaining = async () =>
      // The folder of the deployment itself is the new host's now.
      (await deploymentCgroups(id)).filter((folder) => cgroups.includes(folder) && !folder.endsWith(id));
    assert.deepEqual(await untilNone(remaining), []);
    return load.told;
  }

  /** Every execution that a client knows of is settled now, as the client was told if it was. */
  async function check({ accepted, settled }: Told): Promise<void> {
    const running = await client.call('executions.list', { status: 'running' });
    assert.deepEqual((running as { executions: unknown[] }).executions, []);
    for (const id of new Set([...accepted, ...settled.keys()])) {
      const result = (await client.call('executions.get', { id })) as ExecutionResult;
      assert.equal(result.status, 'settled');
      assert.notEqual(result.verdict, null);
      if (settled.has(id)) assert.equal(result.verdict, settled.get(id));
      verdicts.set(id, result.verdict);
    }
  }

  for (let number = 1; number <= tests; number++)
    it(`leaves each accepted execution with one final state and nothing behind (${number} of ${tests})`, async (t) => {
      let known = 0;
      const before = caught;
      for (let count = 0; count < roundsPerTest; count++) {
        const told = await round();
        await check(told);
        known += told.accepted.size;
      }
      t.diagnostic(
        `seed ${seed}: ${roundsPerTest} kills, ${known} executions accepted, ${caught - before} processes caught`,
      );
      // Few programs have begun at a random moment where the machine is busy, so some must have, and more over all.
      assert.ok(known > roundsPerTest && caught > before, 'the load did not reach the host');
    });

  it('never changes a final state afterwards, and lists every execution once', async (t) => {
    const found = new Map<string, Verdict | null>();
    let cursor: string | null = null;
    do {
      const params: object = cursor === null ? { limit: 500 } : { limit: 500, cursor };
      const page = (await client.call('executions.list', params)) as {
        executions: ExecutionResult[];
        cursor: string | null;
      };
      for (const { id, verdict, status } of page.executions) {
        assert.ok(!found.has(id), `${id} is listed twice`);
        assert.equal(status, 'settled');
        found.set(id, verdict);
      }
      cursor = page.cursor;
    } while (cursor !== null);
    for (const [id, verdict] of verdicts) assert.equal(found.get(id), verdict);
    const counts = new Map<string, number>();
    for (const verdict of verdicts.values()) counts.set(verdict ?? 'none', (counts.get(verdict ?? 'none') ?? 0) + 1);
    t.diagnostic([...counts].map(([verdict, count]) => `${verdict} ${count}`).join(', '));
    assert.ok(counts.has('interrupted') && counts.has('ok') && caught > roundsPerTest, 'the kills missed the load');
  });

  it('leaves no process, cgroup, mount or file when the last one stops', async () => {
    const processes = await descendants(host.child.pid!);
    assert.ok(processes.length > 0, 'the host has no box');
    await client.close();
    assert.equal(await host.end('SIGTERM'), 0);
    assert.deepEqual(await stillThere(processes), []);
    assert.deepEqual(await deploymentCgroups(await deploymentIdOf(home)), []);
    assert.deepEqual(await readdir(temporary), []);
    assert.deepEqual(await hostMounts(), mountsBefore);
  });
});
