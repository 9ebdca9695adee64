import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { GatewayEvent, LiveAgent } from '@soulbox/plugin-sdk';
import { ConnectedAgent, LiveConnection } from '@soulbox/plugin-sdk/live';
import { LinuxDriver, SettingsSchema } from '../src/driver.ts';

const { signal } = new AbortController();
const limits = { memoryBytes: 64e6, diskBytes: 8e6, processes: 16 };
const busybox = execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim();
const env = { PATH: '/usr/bin:/bin' };

async function* nothing(): AsyncGenerator<Uint8Array> {}

describe('the gateway of a sandbox that stays', () => {
  const id = `sb${randomBytes(8).toString('hex')}`;
  let stateDir: string;
  let driver: LinuxDriver;
  let connection: LiveConnection;
  let agent: LiveAgent;

  const run = async (script: string): Promise<string> => {
    const { id: process } = await agent.start({ argv: ['/bin/bash', '-c', script], env });
    let text = '';
    for await (const event of agent.attach(process))
      if (event.type === 'output') text += Buffer.from(event.data).toString('latin1');
    return text;
  };

  before(async () => {
    stateDir = await mkdtemp(join('/var/tmp', 'soulbox-gateway-'));
    const uidBase = 1_700_000_000 + (process.pid % 1000) * 50_000;
    const settings = SettingsSchema.parse({ uidBase, uidBlocks: 4 });
    driver = new LinuxDriver({ deploymentId: `gateway-${randomBytes(4).toString('hex')}`, settings, stateDir });
    await driver.createLive({ id, paths: [busybox], labels: {}, limits, mounts: [], gateway: true }, { signal });
    connection = await LiveConnection.open((input) => driver.connect(id, input, { signal }));
    agent = new ConnectedAgent(connection);
  });
  after(async () => {
    connection.close();
    await driver.destroy(id);
    await driver.dispose();
    await rm(stateDir, { recursive: true, force: true });
  });

  const nextOf = async <T extends GatewayEvent['type']>(
    events: AsyncIterator<GatewayEvent>,
    type: T,
  ): Promise<GatewayEvent & { type: T }> => {
    const { value } = (await events.next()) as { value: GatewayEvent };
    assert.equal(value.type, type);
    return value as GatewayEvent & { type: T };
  };

  it('hands over connections to any address, of which each is taken or dropped', async () => {
    const events = agent.gateway()[Symbol.asyncIterator]();
    const asked = events.next();
    // Until the gateway listens.
    await agent.ports();
    const said = run('exec 3<>/dev/tcp/203.0.113.9/80; echo hello >&3; cat <&3');
    const first = (await asked).value as GatewayEvent & { type: 'connection' };
    assert.deepEqual(first, { type: 'connection', connection: first.connection, address: '203.0.113.9', port: 80 });
    let heard = '';
    const answer = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('good day');
    };
    for await (const piece of agent.take(first.connection, answer())) {
      heard += Buffer.from(piece).toString();
      if (heard === 'hello\n') break;
    }
    assert.equal(await said, 'good day');

    const dropped = run('exec 3<>/dev/tcp/2001:db8::5/8443; cat <&3 2>&1 || echo reset');
    const second = await nextOf(events, 'connection');
    assert.deepEqual([second.address, second.port], ['2001:db8::5', 8443]);
    await agent.drop(second.connection);
    assert.match(await dropped, /reset/);
    await assert.rejects(agent.drop(second.connection), { code: 'process_not_found' });
    await events.return?.(undefined);
  });

  it('hands over questions to the DNS, and answers from the address that was asked', async () => {
    const events = agent.gateway()[Symbol.asyncIterator]();
    const asked = events.next();
    await agent.ports();
    const said = run('exec 3<>/dev/udp/198.51.100.7/53; printf question >&3; dd bs=100 count=1 <&3 2>/dev/null');
    const first = (await asked).value as GatewayEvent & { type: 'question' };
    assert.equal(Buffer.from(first.message).toString(), 'question');
    await agent.answer(first.question, Buffer.from('answer'));
    assert.equal(await said, 'answer');

    const overTcp = run(
      'exec 3<>/dev/tcp/198.51.100.7/53; printf "\\000\\003abc" >&3; dd bs=5 count=1 iflag=fullblock <&3 2>/dev/null',
    );
    const second = await nextOf(events, 'question');
    assert.equal(Buffer.from(second.message).toString(), 'abc');
    await agent.answer(second.question, Buffer.from('def'));
    assert.equal(await overTcp, '\0\x03def');
    await events.return?.(undefined);
  });

  it('catches connections to many ports, and leaves those ports to programs of the sandbox', async () => {
    const taken = new Map<number, string>();
    const events = agent.gateway();
    const gate = (async () => {
      for await (const event of events) {
        if (event.type !== 'connection') continue;
        taken.set(event.port, event.address);
        await agent.drop(event.connection);
        if (event.port === 2_000) return;
      }
    })();
    await agent.ports();
    // More than are accepted on at the same time.
    await run('for port in $(seq 1001 2000); do (exec 3<>/dev/tcp/203.0.113.9/$port); done');
    await gate;
    assert.equal(taken.size, 1_000);
    assert.deepEqual([...new Set(taken.values())], ['203.0.113.9']);

    const server = await agent.start({
      argv: [busybox, 'nc', '-ll', '-p', '2000', '-e', '/bin/echo', 'its own'],
      env,
    });
    while (!(await agent.ports()).some(({ port }) => port === 2_000)) await new Promise((done) => setTimeout(done, 20));
    let heard = '';
    for await (const piece of agent.dial(2_000, nothing())) heard += Buffer.from(piece).toString();
    assert.equal(heard, 'its own\n');
    assert.deepEqual(await agent.ports(), [{ port: 2_000, address: '::' }]);
    await agent.kill(server.id, 'SIGKILL');
  });

  it('lets nothing out where nobody listens', async () => {
    assert.match(await run('exec 3<>/dev/tcp/203.0.113.9/80; cat <&3 2>&1 || echo reset'), /reset/);
    await assert.rejects(
      async () => {
        for await (const _ of agent.dial(80, nothing())) assert.fail('somebody listens');
      },
      { code: 'port_closed' },
    );
  });

  it('is not there where it was not asked for', async () => {
    const other = `sb${randomBytes(8).toString('hex')}`;
    await driver.createLive({ id: other, paths: [], labels: {}, limits, mounts: [], gateway: false }, { signal });
    const without = await LiveConnection.open((input) => driver.connect(other, input, { signal }));
    const plain = new ConnectedAgent(without);
    await assert.rejects(
      async () => {
        for await (const _ of plain.gateway()) assert.fail('something is caught');
      },
      { code: 'unsupported' },
    );
    const { id: process } = await plain.start({
      argv: [
        '/bin/bash',
        '-c',
        'exec 3<>/dev/tcp/203.0.113.9/80 || ls /sys/class/net /proc/net/dev 2>&1; cat /proc/net/dev',
      ],
      env,
    });
    let text = '';
    for await (const event of plain.attach(process))
      if (event.type === 'output') text += Buffer.from(event.data).toString('latin1');
    assert.match(text, /unreachable/);
    assert.doesNotMatch(text, /eth0:/);
    without.close();
    await driver.destroy(other);
  });
});
