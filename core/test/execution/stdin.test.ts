import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StdinQueue } from '../../src/execution/stdin.ts';

async function readAll(queue: StdinQueue): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of queue) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const mebibyte = Buffer.alloc(1024 * 1024);

describe('standard input', () => {
  it('is what came with the request, and closed', async () => {
    assert.equal(await readAll(new StdinQueue(undefined)), '');
    assert.equal(await readAll(new StdinQueue('hello')), 'hello');
    assert.equal(await readAll(new StdinQueue({ data: 'aGk=', encoding: 'base64' })), 'hi');
    await assert.rejects(new StdinQueue('x').push(Buffer.from('y')), { code: 'conflict' });
  });

  it('stays open when asked, until it is closed', async () => {
    const queue = new StdinQueue({ data: 'a', open: true });
    const read = readAll(queue);
    await turn();
    await queue.push(Buffer.from('b'));
    await queue.push(new Uint8Array(0));
    await turn();
    await queue.push(Buffer.from('c'));
    queue.close();
    assert.equal(await read, 'abc');
    await assert.rejects(queue.push(Buffer.from('d')), { code: 'conflict' });
  });

  it('lets a writer wait until there is room', async () => {
    const queue = new StdinQueue({ open: true });
    await queue.push(mebibyte);
    let taken = false;
    const waiting = queue.push(Buffer.from('one more')).then(() => (taken = true));
    await turn();
    assert.equal(taken, false);
    const reader = queue[Symbol.asyncIterator]();
    await reader.next();
    await waiting;
    assert.equal(taken, true);
  });

  it('lets a waiting writer go when the program ends', async () => {
    const queue = new StdinQueue({ open: true });
    const waiting = queue.push(Buffer.concat([mebibyte, mebibyte]));
    queue.close();
    await waiting;
  });

  it('refuses base64 that is none', () => {
    assert.throws(() => new StdinQueue({ data: 'a*', encoding: 'base64' }), {
      code: 'invalid_params',
      message: /^stdin\.data/,
    });
  });
});
