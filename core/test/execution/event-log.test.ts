import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ExecutionEvent } from '@soulbox/plugin-sdk';
import { EventLog } from '../../src/execution/event-log.ts';
import { each } from '../support/scripted-host.ts';

const never = new AbortController().signal;

async function read(log: EventLog, from = 0, pause?: () => Promise<void>): Promise<ExecutionEvent[]> {
  const events: ExecutionEvent[] = [];
  for await (const event of log.after(from, never)) {
    events.push(event);
    await pause?.();
  }
  return events;
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('event log', () => {
  it('gives every reader the same events, whatever its speed and wherever it begins', async () => {
    const log = new EventLog('e');
    const fast = read(log);
    const slow = read(log, 0, async () => {
      await turn();
      await turn();
    });
    log.event('accepted', {});
    for (let i = 0; i < 50; i += 1) {
      log.output(i % 3 === 0 ? 'stderr' : 'stdout', Buffer.from(`line ${i}\n`));
      if (i % 7 === 0) await turn();
    }
    const late = read(log, 20);
    log.event('settled', { verdict: 'ok' });
    log.end();
    const all = await fast;
    assert.deepEqual(
      all.map((event) => event.seq),
      Array.from({ length: 52 }, (_, i) => i + 1),
    );
    assert.deepEqual(await slow, all);
    assert.deepEqual(await late, all.slice(20));
    assert.deepEqual(await read(log, 51), all.slice(51));
    assert.deepEqual(await read(log, 52), [], 'after the last there is nothing');
    assert.deepEqual(await read(log, 9_999), []);
  });

  it('tells output as text in whole characters, and as base64 where it is none', async () => {
    const log = new EventLog('e');
    const euro = Buffer.from('€');
    log.output('stdout', euro.subarray(0, 1));
    log.output('stderr', Buffer.from('between'));
    log.output('stdout', euro.subarray(1));
    log.output('stdout', Buffer.from('ff', 'hex'));
    log.output('stdout', euro.subarray(0, 2));
    log.flushOutput();
    log.flushOutput();
    log.end();
    assert.deepEqual(
      (await read(log)).map(({ type, data, encoding }) => [type, data, encoding]),
      [
        ['stderr', 'between', undefined],
        ['stdout', '€', undefined],
        ['stdout', '/w==', 'base64'],
        ['stdout', '4oI=', 'base64'],
      ],
    );
    assert.equal(Buffer.from(log.collect('stdout')).toString('hex'), 'e282acffe282');
    assert.equal(log.bytes, 7 + 6);
    assert.equal(log.lastSeq, 4);
  });

  it('ends for a reader that gives up, also while it waits, and leaves the others', async () => {
    const log = new EventLog('e');
    const leaving = new AbortController();
    const seen: number[] = [];
    const left = (async () => {
      for await (const event of log.after(0, leaving.signal)) seen.push(event.seq);
    })();
    const stays = read(log);
    log.event('accepted', {});
    await turn();
    leaving.abort();
    await left;
    log.event('settled', {});
    log.end();
    assert.deepEqual(seen, [1]);
    assert.equal((await stays).length, 2);
    await each(log.after(0, leaving.signal), () => assert.fail('an aborted reader gets nothing'));
  });

  it('gathers the output of a program that floods it with small pieces, and loses none', async () => {
    const log = new EventLog('e');
    const reader = read(log);
    const pieces = 60_000;
    for (let i = 0; i < pieces; i += 1) {
      log.output('stdout', Buffer.from('o'));
      log.output('stderr', Buffer.from('e'));
      if (i === 20_000) await new Promise((resolve) => setTimeout(resolve, 60)); // a first gathering comes to its end
    }
    log.flushOutput();
    log.event('settled', {});
    log.end();
    const events = await reader;
    assert.ok(events.length < 10_010, `${events.length} events`);
    assert.deepEqual(
      events.map((event) => event.seq),
      events.map((_, i) => i + 1),
    );
    for (const [stream, letter] of [
      ['stdout', 'o'],
      ['stderr', 'e'],
    ] as const) {
      assert.equal(Buffer.from(log.collect(stream)).toString(), letter.repeat(pieces));
      const told = events.filter((event) => event.type === stream).map((event) => event.data as string);
      assert.equal(told.join(''), letter.repeat(pieces));
    }
    assert.equal(log.bytes, pieces * 2);
    assert.equal(events.at(-1)?.type, 'settled');
  });

  it('keeps no long buffer for the sake of a short piece', () => {
    const log = new EventLog('e');
    const long = Buffer.alloc(1024 * 1024, 'x');
    log.output('stdout', long.subarray(0, 10));
    long.fill('y');
    assert.equal(Buffer.from(log.collect('stdout')).toString(), 'x'.repeat(10));
  });
});
