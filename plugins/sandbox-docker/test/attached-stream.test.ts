import assert from 'node:assert/strict';
import { once } from 'node:events';
import { duplexPair, type Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { AttachedStream } from '../src/attached-stream.ts';

function frame(stream: number, text: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(text.length, 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

function attached(): { stream: AttachedStream; near: Duplex; far: Duplex } {
  const [near, far] = duplexPair();
  const stream = new AttachedStream(near);
  stream.on('error', () => undefined);
  return { stream, near, far };
}

describe('AttachedStream', () => {
  for (const size of [1, 3, 7, 8, 9, 1000])
    it(`parts standard output from standard error in pieces of ${size} bytes`, async () => {
      const { stream, far } = attached();
      const whole = Buffer.concat([frame(1, 'one'), frame(2, 'diagnosis\nmore'), frame(1, ''), frame(1, 'two')]);
      for (let at = 0; at < whole.length; at += size) far.write(whole.subarray(at, at + size));
      far.end();
      let text = '';
      for await (const chunk of stream) text += String(chunk);
      assert.equal(text, 'onetwo');
      assert.equal(stream.diagnosis, 'diagnosis');
    });

  it('writes to standard input, in one piece and in many, and ends it', async () => {
    const { stream, far } = attached();
    stream.write('a');
    stream.cork();
    stream.write('b');
    stream.write('c');
    stream.uncork();
    stream.end('d');
    let text = '';
    for await (const chunk of far) text += String(chunk);
    assert.equal(text, 'abcd');
  });

  it('is read no faster than its reader reads', async () => {
    const { stream, far } = attached();
    let written = 0;
    while (written < 64 && far.write(frame(1, 'x'.repeat(16_384)))) {
      written++;
      await turn();
    }
    assert.ok(written < 64);
    stream.resume();
    await once(far, 'drain');
  });

  it('keeps no more of standard error than its beginning', async () => {
    const { stream, far } = attached();
    for (let i = 0; i < 10; i++) far.write(frame(2, 'x'.repeat(1000)));
    far.end();
    await once(stream.resume(), 'end');
    assert.equal(stream.diagnosis.length, 4096);
  });

  for (const header of [
    [0, 0, 0, 0],
    [3, 0, 0, 0],
    [1, 0, 0, 1],
    [72, 84, 84, 80],
  ])
    it(`is over at the header ${header.join(' ')}`, async () => {
      const { stream, far } = attached();
      far.write(Buffer.from([...header, 0, 0, 0, 1, 65]));
      const [error] = (await once(stream, 'error').catch((thrown: unknown) => [thrown])) as [{ code: string }];
      assert.equal(error.code, 'runtime_unavailable');
    });

  it('is over when the connection breaks', async () => {
    const { stream, near } = attached();
    near.destroy(new Error('reset'));
    await assert.rejects(once(stream, 'close'), { message: 'reset' });
    assert.ok(stream.destroyed);
  });
});
