import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { decodeFields, encodeFields, u32, u64 } from '../src/fields.ts';
import { liveFrame, liveMethod } from '../src/live/frames.ts';
import { LiveBox, type LivePeer } from './support/live-box.ts';
import { Programs } from './support/program.ts';

const field = (payload: Buffer, tag: number): Buffer =>
  [...decodeFields(payload)].find((one) => one.tag === tag)?.value ?? Buffer.alloc(0);

describe('the protocol of the live service', () => {
  let programs: Programs;
  let box: LiveBox;
  before(async () => {
    programs = new Programs();
    box = await LiveBox.make(programs);
  });
  after(async () => {
    assert.deepEqual(await box.destroy(), []);
    programs.remove();
  });

  const greeted = async (): Promise<LivePeer> => {
    const peer = await box.peer();
    assert.equal((await peer.next())?.type, liveFrame.hello);
    return peer;
  };

  it('says hello with its version and the same boot number every time, and answers pings', async () => {
    const boots = [];
    for (let times = 0; times < 2; times++) {
      const peer = await box.peer();
      const hello = (await peer.next())!;
      assert.equal(hello.type, liveFrame.hello);
      assert.deepEqual([...field(hello.payload, 1)], [1, 0]);
      boots.push(field(hello.payload, 3).toString('hex'));
      peer.send(liveFrame.ping, 0, u64(77));
      assert.deepEqual((await peer.until(liveFrame.pong)).payload, u64(77));
    }
    assert.equal(boots[0], boots[1]);
  });

  it('serves the newest connection, and closes the one before it', async () => {
    const older = await greeted();
    const newer = await greeted();
    assert.equal(await older.next(), undefined);
    newer.send(liveFrame.ping, 0, u64(1));
    assert.ok(await newer.until(liveFrame.pong));
  });

  const notAllowed: Record<string, (peer: LivePeer) => void> = {
    'an unknown frame': (peer) => peer.send(0x55, 0),
    'a length out of range': (peer) => peer.socket.write(Buffer.from([255, 255, 255, 255, 0, 0])),
    'a frame of a channel that was never opened': (peer) => peer.send(liveFrame.credit, 9, u32(1)),
    'a channel used twice': (peer) => {
      peer.call(2, liveMethod.listing, 100);
      peer.call(2, liveMethod.listing, 100);
    },
    'the channel 0': (peer) => peer.call(0, liveMethod.listing, 100),
    'a call without a method': (peer) => peer.send(liveFrame.call, 1, encodeFields([[2, u32(9)]])),
    'a cut field': (peer) => peer.send(liveFrame.call, 1, Buffer.from([1, 9, 0, 0, 0, 1])),
    'a ping of another length': (peer) => peer.send(liveFrame.ping, 0, u32(1)),
    'input that was not granted': (peer) => {
      peer.call(1, liveMethod.read, 0, [3, Buffer.from('/proc/version')]);
      peer.send(liveFrame.send, 1, Buffer.from([0, 1]));
    },
  };
  for (const [name, misbehave] of Object.entries(notAllowed))
    it(`closes the connection after ${name}, and goes on`, async () => {
      const peer = await greeted();
      misbehave(peer);
      while (await peer.next()) continue;
      await greeted();
    });

  it('fails calls that make no sense, each once, and drops what still comes for them', async () => {
    const peer = await greeted();
    peer.call(1, 99, 0);
    peer.send(liveFrame.sendEnd, 1, Uint8Array.of(0));
    peer.send(liveFrame.cancel, 1);
    peer.call(2, liveMethod.attach, 0, [3, u32(4_000_000)]);
    peer.call(3, liveMethod.start, 0, [6, u32(0)]);
    peer.call(4, liveMethod.stat, 0, [3, Buffer.from('a\0b')]);
    const codes = new Map<number, string>();
    while (codes.size < 4) {
      const { run, payload } = await peer.until(liveFrame.fail);
      assert.ok(!codes.has(run));
      codes.set(run, field(payload, 1).toString());
    }
    assert.deepEqual(Object.fromEntries(codes), { 1: 'unsupported', 2: 'not-found', 3: 'invalid', 4: 'invalid' });
  });

  it('sends no more DATA than the credit, whatever the credit', async () => {
    const peer = await greeted();
    peer.call(1, liveMethod.read, 3, [3, Buffer.from('/proc/version')]);
    let told = '';
    for (let credit = 3; ;) {
      const frame = (await peer.next())!;
      if (frame.type === liveFrame.end) break;
      assert.equal(frame.type, liveFrame.data);
      assert.ok(frame.payload.length <= credit);
      told += frame.payload.subarray(1).toString();
      credit += 5 - frame.payload.length;
      peer.send(liveFrame.credit, 1, u32(5));
    }
    assert.match(told, /^Linux version/);
  });

  it('ends everything of a connection that is lost, but no process', async () => {
    const { connection, live } = await box.connect();
    const { id } = await live.start({ argv: ['/bin/sh', '-c', 'read x; echo "<$x>"'], env: {}, stdin: true });
    connection.close();
    const again = await box.connect();
    const word = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('word\n');
    };
    await again.live.input(id, word());
    let text = '';
    for await (const event of again.live.attach(id))
      if (event.type === 'output') text += Buffer.from(event.data).toString();
    assert.equal(text, '<word>\n');
    again.connection.close();
  });
});
