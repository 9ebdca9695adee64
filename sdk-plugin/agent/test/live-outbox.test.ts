import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Outbox } from '../src/live/outbox.ts';

describe('what is to be sent', () => {
  it('goes in order, what lies there in one piece', async () => {
    const outbox = new Outbox();
    outbox.push(Buffer.from('a'));
    outbox.push(Buffer.from('b'));
    const reading = outbox[Symbol.asyncIterator]();
    assert.equal(String((await reading.next()).value), 'ab');
    const next = reading.next();
    outbox.push(Buffer.from('c'));
    assert.equal(String((await next).value), 'c');
    outbox.close();
    outbox.push(Buffer.from('d'));
    assert.equal((await reading.next()).done, true);
  });

  it('has whoever can wait do so while there is much of it', async () => {
    const outbox = new Outbox();
    for (let count = 0; count < 6; count++) outbox.push(Buffer.alloc(300_000));
    assert.ok(outbox.isCongested);
    let drained = false;
    const draining = outbox.drained().then(() => (drained = true));
    const reading = outbox[Symbol.asyncIterator]();
    await reading.next();
    await reading.next();
    await new Promise(setImmediate);
    assert.equal(drained, false);
    await reading.next();
    await draining;
    for (let count = 0; count < 4; count++) outbox.push(Buffer.alloc(300_000));
    const closing = outbox.drained();
    outbox.close();
    await closing;
  });
});
