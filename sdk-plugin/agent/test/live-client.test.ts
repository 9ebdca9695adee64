import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { ScriptedLiveService, type LiveScript, type ScriptedCall } from '../../testing/scripted-live.ts';
import { encodeFields, u64 } from '../src/fields.ts';
import { LiveConnection } from '../src/live/connection.ts';
import { liveFrame } from '../src/live/frames.ts';
import { reach, answering, bytes, collect, entryFields } from './support/scripted-connection.ts';

describe('a connection to a live service', () => {
  it('knows the service by its greeting, and whether it answers', async () => {
    const { connection } = await reach();
    assert.deepEqual([connection.boot, connection.facts.get('home'), connection.isOver], [1, '/home/sandbox', false]);
    await connection.ping(1_000);
    connection.close();
    connection.close();
    assert.equal(await connection.ended, undefined);
    assert.throws(() => connection.call('stat', []), { code: 'sandbox_lost' });
  });

  it('takes no answer for its end', async () => {
    const { service, connection } = await reach();
    service.answersPings = false;
    await assert.rejects(connection.ping(20), { code: 'sandbox_lost' });
    assert.equal((await connection.ended)?.code, 'sandbox_lost');
  });

  it('is not opened to a service that says nothing, leaves, or is of another version', async () => {
    const silent = new ScriptedLiveService();
    silent.greets = false;
    await assert.rejects(LiveConnection.open(silent.connect, { handshakeMs: 20 }), { code: 'deadline_exceeded' });
    const leaving = new ScriptedLiveService();
    leaving.greets = false;
    const opening = LiveConnection.open(leaving.connect);
    await leaving.hangUp();
    await assert.rejects(opening, { code: 'sandbox_lost' });
    const other = new ScriptedLiveService();
    other.greets = false;
    const failing = LiveConnection.open(other.connect);
    other.greet([
      [1, Uint8Array.of(9, 0)],
      [3, u64(1)],
    ]);
    await assert.rejects(failing, { code: 'agent_protocol' });
  });

  it('is not opened for a caller who left, or by a driver that fails', async () => {
    const service = new ScriptedLiveService();
    await assert.rejects(LiveConnection.open(service.connect, { signal: AbortSignal.abort() }), { code: 'cancelled' });
    service.greets = false;
    const abort = new AbortController();
    const opening = LiveConnection.open(service.connect, { signal: abort.signal });
    abort.abort();
    await assert.rejects(opening, { code: 'cancelled' });
    const throws = (): AsyncIterable<Uint8Array> => {
      throw new TypeError('no');
    };
    await assert.rejects(LiveConnection.open(throws), { code: 'internal' });
  });

  it('ends every call when it is over', async () => {
    const { service, connection, agent } = await reach(answering(() => undefined));
    const calls = [agent.stat('a'), collect(agent.read('b')), agent.write('c', bytes('x'))];
    await turn();
    assert.equal(connection.openCalls, 3);
    const used = connection.lastUsedAt;
    await service.hangUp();
    for (const call of calls) await assert.rejects(call, { code: 'sandbox_lost' });
    assert.ok(connection.isOver && connection.lastUsedAt >= used);
  });

  const violations: Readonly<Record<string, (service: ScriptedLiveService) => void>> = {
    'a frame for no call': (service) => service.raw(liveFrame.data, 9, Uint8Array.of(0, 1)),
    'a second greeting': (service) => service.greet(),
    'an answer that nobody asked for': (service) => service.raw(liveFrame.pong, 0, u64(5)),
    'a frame of the client': (service) => service.raw(liveFrame.ping, 0, u64(5)),
    'a length that no frame has': (service) => service.bytes(Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 0])),
    'an unknown frame in a call': (service) => service.raw(0x99, 1),
    'an input credit of another length': (service) => service.raw(liveFrame.inputCredit, 1, Buffer.alloc(3)),
    'a failure of an unknown kind': (service) => service.calls[0]!.fail('toString'),
    'a failure with an unknown field': (service) =>
      service.raw(liveFrame.fail, 1, encodeFields([[3, Buffer.alloc(0)]])),
    'more than was asked for': (service) => {
      service.raw(liveFrame.data, 1, Buffer.alloc(11));
      service.raw(liveFrame.data, 1, Buffer.alloc(2));
    },
  };
  for (const [name, violate] of Object.entries(violations))
    it(`is given up for ${name}`, async () => {
      const { service, connection, agent } = await reach(
        answering(() => undefined),
        { creditBytes: 10 },
      );
      const call = collect(agent.read('a'));
      await turn();
      violate(service);
      await assert.rejects(call, { code: 'sandbox_lost' });
      assert.equal((await connection.ended)?.code, 'agent_protocol');
    });
});

describe('a call', () => {
  it('gives the service credit as its consumer takes what comes', async () => {
    let sent = 0;
    const script: LiveScript = (call, why) => {
      while (why !== 'cancelled' && sent < 50 && call.credit >= 100) {
        call.credit -= 100;
        call.data(Buffer.alloc(100));
        sent++;
      }
      if (sent === 50) {
        sent++;
        call.end(entryFields());
      }
    };
    const { agent } = await reach(script, { creditBytes: 1_000 });
    const reading = agent.read('a')[Symbol.asyncIterator]();
    await reading.next();
    await turn();
    await turn();
    assert.equal(sent, 10, 'nothing is sent ahead of the credit');
    let total = 100;
    for (let next; !(next = await reading.next()).done;) total += next.value.length;
    assert.equal(total, 5_000);
  });

  it('is cancelled by its signal, and by a consumer who leaves', async () => {
    const { service, connection, agent } = await reach(answering((call) => call.data(Buffer.from('x'))));
    const abort = new AbortController();
    const reading = collect(agent.read('a', { signal: abort.signal }));
    await turn();
    abort.abort();
    await assert.rejects(reading, { code: 'cancelled' });
    for await (const piece of agent.read('b')) {
      assert.equal(piece.toString(), 'x');
      break;
    }
    await assert.rejects(agent.remove('c', { signal: AbortSignal.abort() }), { code: 'cancelled' });
    await connection.ping(1_000);
    assert.deepEqual(
      service.calls.map(({ isCancelled }) => isCancelled),
      [true, true, true],
    );
    assert.equal(connection.openCalls, 0);
  });

  it('drops what still comes for it', async () => {
    let first: ScriptedCall | undefined;
    const { connection, agent } = await reach((call) => (first ??= call));
    const abort = new AbortController();
    const reading = collect(agent.read('a', { signal: abort.signal }));
    await turn();
    abort.abort();
    await assert.rejects(reading, { code: 'cancelled' });
    first!.data(Buffer.from('late'));
    first!.grant(10);
    first!.end(entryFields());
    await connection.ping(1_000);
    assert.equal(connection.openCalls, 0);
  });

  it('that was asked for nothing takes none', async () => {
    const { agent } = await reach(answering((call) => call.data(Buffer.from('x'))));
    await assert.rejects(agent.stat('a'), { code: 'agent_protocol' });
  });

  it('sends its input no faster than the service wants it, and stops reading when it is over', async () => {
    let call: ScriptedCall | undefined;
    const { agent } = await reach((each, why) => {
      call = each;
      if (why === 'cancelled') each.fail('cancelled');
    });
    let taken = 0;
    let left = false;
    async function* source(): AsyncIterable<Uint8Array> {
      try {
        for (;;) {
          taken++;
          yield Buffer.alloc(1_000);
        }
      } finally {
        left = true;
      }
    }
    const writing = agent.write('a', source());
    await turn();
    assert.deepEqual([taken, call!.sent.size], [1, 0]);
    call!.grant(2_500);
    await turn();
    await turn();
    assert.equal(Buffer.concat(call!.sent.get(0)!).length, 2_500);
    call!.fail('no-space', 'full');
    await assert.rejects(writing, { code: 'disk_full', message: 'full' });
    await turn();
    assert.ok(left);
  });

  it('fails with its input', async () => {
    const { service, agent } = await reach((call, why) => {
      if (why === 'call') call.grant(10);
      if (why === 'cancelled') call.fail('cancelled');
    });
    async function* broken(): AsyncIterable<Uint8Array> {
      yield Buffer.from('x');
      throw new TypeError('gone');
    }
    await assert.rejects(agent.write('a', broken()), { code: 'internal' });
    await turn();
    assert.ok(service.calls[0]!.isCancelled);
  });

  it('waits where much is on its way already', async () => {
    const { agent } = await reach((call, why) => {
      if (why === 'call') call.grant(8_000_000);
      if (why === 'ended') call.end(entryFields({ 3: u64(Buffer.concat(call.sent.get(0)!).length) }));
    });
    const { size } = await agent.write('a', bytes(...Array.from({ length: 6 }, () => 'x'.repeat(1_000_000))));
    assert.equal(size, 6_000_000);
  });
});
