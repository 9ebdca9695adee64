import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Channel } from '../../src/operations/channel.ts';
import { each } from '../support/scripted-host.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('channel', () => {
  it('hands over in order, at the pace of the consumer', async () => {
    const channel = new Channel<number>();
    const taken: number[] = [];
    const sending = (async () => {
      for (const value of [1, 2, 3]) {
        await channel.send(value);
        taken.push(value);
      }
      channel.close();
    })();
    await turn();
    assert.deepEqual(taken, [], 'nobody took the first');
    const received: number[] = [];
    for await (const value of channel) {
      received.push(value);
      await turn();
      assert.ok(taken.length <= received.length, 'the sender is never ahead');
    }
    await sending;
    assert.deepEqual(received, [1, 2, 3]);
  });

  it('lets what was sent before the end be taken, and senders go', async () => {
    const channel = new Channel<string>();
    const sent = [channel.send('a'), channel.send('b')];
    channel.close();
    await Promise.all([...sent, channel.send('nobody hears this')]);
    const received = [];
    for await (const value of channel) received.push(value);
    assert.deepEqual(received, ['a', 'b']);
  });

  it('ends for a consumer that waits', async () => {
    const channel = new Channel<string>();
    const receiving = each(channel, () => assert.fail('nothing was sent'));
    await turn();
    channel.close();
    await receiving;
  });
});
