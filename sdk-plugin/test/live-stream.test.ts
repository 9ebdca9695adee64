import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LiveStream, SoulboxError, type LiveAgent } from '@soulbox/plugin-sdk';

async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const piece of stream) text += String(piece);
  return text;
}

describe('a stream with a program of a sandbox', () => {
  it('passes bytes both ways, and ends each way by itself', async () => {
    const sent: string[] = [];
    const stream = new LiveStream(async function* (input) {
      yield Buffer.from('one ');
      for await (const piece of input) sent.push(String(Buffer.from(piece)));
      yield Buffer.from(`after ${sent.length}`);
      yield Buffer.alloc(0);
    });
    stream.write('a');
    stream.end('b');
    assert.equal(await textOf(stream), 'one after 2');
    assert.deepEqual(sent, ['a', 'b']);
    // What an HTTP client asks of a socket.
    assert.equal(stream.setKeepAlive().setNoDelay().setTimeout(), stream);
  });

  it('still sends when the program sends no more, until that listens no more', async () => {
    const sent: string[] = [];
    const stream = new LiveStream(async function* (input) {
      yield Buffer.alloc(0);
      for await (const piece of input) if (sent.push(String(Buffer.from(piece))) === 2) return;
    });
    await once(stream.resume(), 'end');
    for (const piece of ['a', 'b']) await new Promise((resolve) => stream.write(piece, resolve));
    await new Promise((resolve) => stream.write('nobody takes it', resolve));
    await new Promise((resolve) => stream.write('nor that', resolve));
    assert.deepEqual(sent, ['a', 'b']);
    stream.destroy();
  });

  it('lets go of what is being sent when the program is gone', async () => {
    const stream = new LiveStream(async function* () {
      await sleep(5);
      yield* [];
    });
    const written = new Promise((resolve) => stream.write('never asked for', resolve));
    assert.equal(await textOf(stream), '');
    await written;
  });

  it('fails with what the agent says, at the beginning and when nothing more was to come', async () => {
    const closed = new SoulboxError('port_closed', 'nothing listens there');
    const refused = new LiveStream(async function* () {
      yield* [];
      throw closed;
    });
    await assert.rejects(textOf(refused), { code: 'port_closed' });
    const lost = new LiveStream(async function* () {
      yield Buffer.alloc(0);
      await sleep(5);
      throw new SoulboxError('sandbox_lost', 'gone');
    });
    lost.resume();
    const [error] = (await once(lost, 'error')) as [SoulboxError];
    assert.equal(error.code, 'sandbox_lost');
  });

  it('ends the call when it is given up', async () => {
    let aborted = false;
    const stream = new LiveStream(async function* (input, { signal }) {
      signal.addEventListener('abort', () => (aborted = true));
      for await (const _ of input) yield Buffer.from('got');
    });
    stream.write('x');
    await once(stream, 'data');
    stream.destroy();
    await once(stream, 'close');
    assert.equal(aborted, true);
  });

  it('is to a port, or from a connection that was caught', async () => {
    const asked: string[] = [];
    const call = (name: string) =>
      async function* (number: number) {
        asked.push(`${name} ${number}`);
        yield Buffer.from(name);
      };
    const agent = { dial: call('dial'), take: call('take') } as unknown as LiveAgent;
    assert.equal(await textOf(LiveStream.dial(agent, 80)), 'dial');
    assert.equal(await textOf(LiveStream.take(agent, 7)), 'take');
    assert.deepEqual(asked, ['dial 80', 'take 7']);
  });
});
