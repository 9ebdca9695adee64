import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LiveAgent } from '../../src/contracts/live.ts';
import type { ScriptedCall } from '../../testing/scripted-live.ts';
import { encodeFields, u32, u64 } from '../src/fields.ts';
import { liveMethod } from '../src/live/frames.ts';
import {
  reach,
  answering,
  bytes,
  collect,
  entryFields,
  entry,
  processFields,
  running,
} from './support/scripted-connection.ts';

describe('the agent of a sandbox that stays', () => {
  const failures: readonly (readonly [string, string, string])[] = [
    ['invalid', 'invalid_params', 'invalid_params'],
    ['not-found', 'path_not_found', 'process_not_found'],
    ['exists', 'path_exists', 'conflict'],
    ['not-folder', 'not_a_folder', 'not_a_folder'],
    ['is-folder', 'is_a_folder', 'is_a_folder'],
    ['not-empty', 'folder_not_empty', 'folder_not_empty'],
    ['denied', 'path_denied', 'path_denied'],
    ['too-many', 'overloaded', 'overloaded'],
    ['too-large', 'payload_too_large', 'payload_too_large'],
    ['refused', 'port_closed', 'port_closed'],
    ['gone', 'process_ended', 'process_ended'],
    ['unsupported', 'unsupported', 'unsupported'],
    ['cancelled', 'cancelled', 'cancelled'],
    ['io', 'sandbox_unavailable', 'sandbox_unavailable'],
  ];
  it('has an error for each failure', async () => {
    for (const [code, ofFiles, ofProcesses] of failures) {
      const { agent } = await reach(answering((call) => call.fail(code)));
      await assert.rejects(agent.stat('a'), { code: ofFiles });
      await assert.rejects(agent.forget(1), { code: ofProcesses });
    }
  });

  it('asks for files', async () => {
    const { service, agent } = await reach(answering((call) => call.end(entryFields({ 6: Buffer.from('b') }))));
    const link = { ...entry, target: 'b' };
    assert.deepEqual(await agent.stat('a', { follow: true }), link);
    assert.deepEqual(await agent.makeFolder('a', { parents: true, mode: 0o700 }), link);
    assert.deepEqual(await agent.makeFolder('a'), link);
    assert.deepEqual(await agent.set('a', { mode: 1, modifiedAt: 2, recursive: true }), link);
    assert.deepEqual(await agent.link('a', 'b'), link);
    const asked = service.calls.map((call) => [call.method, call.text(3), call.fields.get(4)?.[0]?.toString('latin1')]);
    assert.deepEqual(asked, [
      [liveMethod.stat, 'a', '\x01\0\0\0'],
      [liveMethod.folder, 'a', '\x01\0\0\0'],
      [liveMethod.folder, 'a', '\0\0\0\0'],
      [liveMethod.set, 'a', '\x01\0\0\0'],
      [liveMethod.link, 'a', 'b'],
    ]);
  });

  it('moves, copies and removes', async () => {
    const { service, agent } = await reach(
      answering((call) => call.end(call.method === liveMethod.copy ? [[1, u64(9)]] : [])),
    );
    await agent.move('a', 'b', { replace: true });
    await agent.move('a', 'b');
    assert.equal(await agent.copy('a', 'b', { recursive: true }), 9);
    assert.equal(await agent.copy('a', 'b'), 9);
    await agent.remove('a', { recursive: true, missing: true });
    await agent.remove('a');
    const flags = service.calls.map((call) => call.fields.get(call.method === liveMethod.remove ? 4 : 5)![0]![0]);
    assert.deepEqual(flags, [1, 0, 2, 0, 3, 0]);
  });

  it('reads, writes and lists', async () => {
    const { service, agent } = await reach((call, why) => {
      if (call.method === liveMethod.write && why === 'call') call.grant(100);
      if (call.method === liveMethod.write && why === 'ended') call.end(entryFields());
      if (call.method === liveMethod.read) {
        call.data(Buffer.from('he'));
        call.data(Buffer.from('llo'));
        call.end(entryFields());
      }
      if (call.method !== liveMethod.list) return;
      call.item([1, 1].map((tag) => [tag, encodeFields(entryFields())]));
      call.item([[1, encodeFields(entryFields({ 2: Uint8Array.of(2) }))]]);
      call.end([[1, Uint8Array.of(0)]]);
    });
    assert.equal(Buffer.concat(await collect(agent.read('a', { offset: 1, length: 5 }))).toString(), 'hello');
    await collect(agent.read('a'));
    const options = { append: true, exclusive: true, parents: true, atomic: true, mode: 0o600 };
    assert.deepEqual(await agent.write('a', bytes('x', 'yz'), options), entry);
    assert.equal(Buffer.concat(service.calls[2]!.sent.get(0)!).toString(), 'xyz');
    assert.equal(service.calls[2]!.fields.get(4)![0]![0], 15);
    assert.deepEqual(await agent.write('a', bytes()), entry);
    const listed = await collect(agent.list('a', { depth: 2, most: 3 }));
    assert.deepEqual(
      listed.map((some) => some.map(({ type }) => type)),
      [['file', 'file'], ['folder']],
    );
    assert.equal((await collect(agent.list('a'))).length, 2);
  });

  it('watches, searches, packs and unpacks', async () => {
    const kinds = [1, 2, 3, 5].map((kind): [number, Uint8Array][] => [
      [2, Uint8Array.of(kind)],
      [3, Buffer.from('p')],
    ]);
    const { service, agent } = await reach((call, why) => {
      if (why === 'cancelled') call.fail('cancelled');
      if (call.method === liveMethod.watch && why === 'call') {
        call.item([[1, u32(4)]]);
        for (const kind of kinds) call.item(kind);
        call.item([
          [2, Uint8Array.of(4)],
          [3, Buffer.from('p')],
          [4, Buffer.from('q')],
        ]);
        call.item([[2, Uint8Array.of(6)]]);
      }
      if (call.method === liveMethod.search) {
        call.item([[1, Buffer.from('f')]]);
        call.item([
          [1, Buffer.from('g')],
          [2, u32(3)],
          [3, u32(4)],
          [4, Buffer.from('text')],
        ]);
        call.end();
      }
      if (call.method === liveMethod.pack) {
        call.data(Buffer.from('tar'));
        call.end([[1, u64(1)]]);
      }
      if (call.method !== liveMethod.unpack) return;
      if (why === 'call') call.grant(100);
      if (why === 'ended') {
        call.end([
          [1, u64(2)],
          [2, u64(30)],
        ]);
      }
    });
    const events: unknown[] = [];
    for await (const event of agent.watch('a', { recursive: true })) {
      events.push(event);
      if (event.type === 'lost') break;
    }
    assert.deepEqual(events, [
      { type: 'ready', folders: 4 },
      { type: 'created', path: 'p' },
      { type: 'written', path: 'p' },
      { type: 'removed', path: 'p' },
      { type: 'attributes', path: 'p' },
      { type: 'renamed', path: 'p', to: 'q' },
      { type: 'lost' },
    ]);
    const query = { name: '*.py', text: 'x', expression: true, anyCase: true, most: 5 };
    assert.deepEqual(await collect(agent.search('a', query)), [
      { path: 'f' },
      { path: 'g', line: 3, column: 4, text: 'text' },
    ]);
    assert.equal((await collect(agent.search('a', {}))).length, 2);
    assert.equal(Buffer.concat(await collect(agent.pack(['a', 'b']))).toString(), 'tar');
    assert.equal(service.calls.at(-1)!.fields.get(3)!.length, 2);
    const limits = { replace: true, mostBytes: 100, mostEntries: 10 };
    assert.deepEqual(await agent.unpack('a', bytes('tar'), limits), { entries: 2, bytes: 30 });
    assert.deepEqual(await agent.unpack('a', bytes('tar')), { entries: 2, bytes: 30 });
  });

  it('starts processes, and follows them to their end', async () => {
    const ended = processFields({
      3: Buffer.from('tag'),
      7: Uint8Array.of(2),
      9: Uint8Array.of(9),
      10: u64(5),
      11: u32(3),
      12: u64(4),
      14: Uint8Array.of(1),
    });
    const { service, agent } = await reach((call) => {
      if (call.method === liveMethod.start) return call.end(processFields());
      for (const stream of [1, 2, 3]) {
        call.item([
          [1, Uint8Array.of(stream)],
          [2, u64(stream)],
          [3, Buffer.from('x')],
        ]);
      }
      call.item([
        [4, u64(4)],
        [5, u64(9)],
      ]);
      call.end(ended);
    });
    assert.deepEqual(await agent.start({ argv: ['sh', '-c'], env: { A: '1' } }), running);
    await agent.start({
      argv: ['sh'],
      env: {},
      cwd: '/',
      stdin: true,
      terminal: { rows: 10, columns: 20 },
      control: true,
      keptBytes: 5_000,
      timeoutMs: 7,
      tag: 'tag',
    });
    const { fields } = service.calls[1]!;
    assert.deepEqual(
      [...fields.keys()].toSorted((a, b) => a - b),
      [1, 2, 3, 5, 6, 7, 8, 9, 10, 11],
    );
    assert.equal(fields.get(6)![0]![0], 7);
    assert.equal(service.calls[0]!.text(4), 'A=1');
    const events = await collect(agent.attach(3, { from: 1 }));
    assert.deepEqual(
      events.map((event) => (event.type === 'output' ? [event.stream, event.offset] : event.type)),
      [['stdout', 1], ['stderr', 2], ['control', 3], 'gap', 'ended'],
    );
    assert.deepEqual(events.at(-1), {
      type: 'ended',
      process: {
        ...running,
        tag: 'tag',
        state: 'ended',
        signal: 'SIGKILL',
        endedAt: 5,
        timedOut: true,
        killedForMemory: true,
        emitted: 4,
        terminal: true,
      },
    });
    assert.equal((await collect(agent.attach(3))).length, 5);
  });

  it('tells of exit codes, and of signals without a name', async () => {
    const of = async (over: Partial<Record<number, Uint8Array>>) => {
      const { agent } = await reach(answering((call) => call.end(processFields(over))));
      const { exitCode, signal } = await agent.start({ argv: ['x'], env: {} });
      return [exitCode, signal];
    };
    assert.deepEqual(await of({ 8: u32(4) }), [4, null]);
    assert.deepEqual(await of({ 9: Uint8Array.of(63) }), [null, 'SIG63']);
  });

  it('writes to processes, signals, resizes, lists and forgets them', async () => {
    const { service, agent } = await reach((call, why) => {
      if (call.method === liveMethod.input) {
        if (why === 'call') call.grant(100);
        if (why === 'ended') call.end();
        return;
      }
      if (call.method === liveMethod.listing) call.item([[1, encodeFields(processFields())]]);
      call.end();
    });
    await agent.input(3, bytes('a', 'b'), { close: true });
    await agent.input(3, bytes('c'), { control: true });
    assert.deepEqual(
      service.calls.map((call) => [call.fields.get(4)![0]![0], call.fields.get(5)![0]![0]]),
      [
        [0, 1],
        [3, 0],
      ],
    );
    await agent.kill(3, 'SIGTERM', { session: true });
    await agent.kill(3, 'SIGKILL');
    assert.deepEqual(
      service.calls.slice(2).map((call) => [call.fields.get(4)![0]![0], call.fields.get(5)![0]![0]]),
      [
        [15, 1],
        [9, 0],
      ],
    );
    await assert.rejects(agent.kill(3, 'toString'), { code: 'invalid_params' });
    await agent.resize(3, { rows: 1, columns: 2 });
    await assert.rejects(agent.resize(3, { rows: 70_000, columns: 2 }), { code: 'invalid_params' });
    assert.deepEqual(await agent.processes(), [running]);
    await agent.forget(3);
    await assert.rejects(agent.forget(-1), { code: 'invalid_params' });
    await assert.rejects(agent.set('a', { modifiedAt: 1.5 }), { code: 'invalid_params' });
  });

  it('connects to ports, and tells which there are', async () => {
    const { agent } = await reach((call, why) => {
      if (call.method === liveMethod.ports) {
        const one: [number, Uint8Array][] = [
          [1, Uint8Array.of(80, 0)],
          [2, Buffer.from('127.0.0.1')],
        ];
        call.item([[1, encodeFields(one)]]);
        return call.end();
      }
      if (why === 'call') call.grant(100);
      if (why !== 'ended') return;
      call.data(Buffer.concat(call.sent.get(0)!));
      call.data(Buffer.alloc(0));
      call.end();
    });
    assert.deepEqual(await collect(agent.dial(80, bytes('ping'))), [Buffer.from('ping'), Buffer.alloc(0)]);
    assert.deepEqual(await agent.ports(), [{ port: 80, address: '127.0.0.1' }]);
    await assert.rejects(collect(agent.dial(70_000, bytes())), { code: 'invalid_params' });
  });

  it('serves the gateway', async () => {
    const { service, agent } = await reach((call, why) => {
      if (why === 'cancelled') return call.fail('cancelled');
      if (call.method === liveMethod.drop) return call.end();
      if (call.method === liveMethod.take) {
        if (why !== 'call') return;
        call.data(Buffer.from('hi'));
        return call.end();
      }
      if (why === 'call') {
        call.grant(1_000, 1);
        call.item([
          [1, u32(5)],
          [2, Buffer.from('1.2.3.4')],
          [3, Uint8Array.of(187, 1)],
        ]);
        call.item([
          [4, u32(6)],
          [5, Buffer.from('dns')],
        ]);
      }
      if (why === 'sent')
        call.item([
          [4, u32(7)],
          [5, Buffer.from('more')],
        ]);
    });
    await agent.answer(1, Buffer.from('nobody serves it'));
    const events: unknown[] = [];
    for await (const event of agent.gateway()) {
      events.push(event);
      if (event.type !== 'question') continue;
      if (event.question === 7) break;
      await agent.answer(event.question, Buffer.from('ab'));
    }
    assert.deepEqual(events[0], { type: 'connection', connection: 5, address: '1.2.3.4', port: 443 });
    assert.equal(Buffer.concat(service.calls[0]!.sent.get(1)!).toString('latin1'), '\x06\0\0\0\x02\0ab');
    assert.equal(Buffer.concat(await collect(agent.take(5, bytes()))).toString(), 'hi');
    await agent.drop(5);
  });

  it('sends every answer, however close they follow each other', async () => {
    const { service, agent } = await reach((call, why) => {
      if (why === 'cancelled') call.fail('cancelled');
      if (why !== 'call') return;
      call.grant(100_000, 1);
      call.item([
        [4, u32(1)],
        [5, Buffer.from('dns')],
      ]);
    });
    const most = 30;
    const sent = () => Buffer.concat(service.calls[0]!.sent.get(1) ?? []).length;
    for await (const _ of agent.gateway()) {
      for (let turns = 0; turns < most; turns++) {
        await agent.answer(turns, Buffer.from('a'));
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        await agent.answer(turns, Buffer.from('b'));
        const wanted = (turns + 1) * 2 * 7;
        for (let looks = 0; sent() < wanted && looks < 500; looks++)
          await new Promise((resolve) => setTimeout(resolve, 1));
        assert.equal(sent(), wanted, `after ${turns} turns`);
      }
      break;
    }
  });

  it('serves no gateway any more when a newer one takes its place', async () => {
    const { agent } = await reach(answering((call) => call.end()));
    assert.deepEqual(await collect(agent.gateway()), []);
  });

  it('believes nothing that has no meaning', async () => {
    const wrong: readonly (readonly [string, (agent: LiveAgent) => Promise<unknown>, (call: ScriptedCall) => void])[] =
      [
        ['an entry of no type', (agent) => agent.stat('a'), (call) => call.end(entryFields({ 2: Uint8Array.of(9) }))],
        ['an entry without a path', (agent) => agent.stat('a'), (call) => call.end([[2, Uint8Array.of(1)]])],
        [
          'output of no stream',
          (agent) => collect(agent.attach(1)),
          (call) =>
            call.item([
              [1, Uint8Array.of(9)],
              [2, u64(0)],
              [3, Buffer.alloc(1)],
            ]),
        ],
        [
          'a change of no kind',
          (agent) => collect(agent.watch('a')),
          (call) =>
            call.item([
              [2, Uint8Array.of(40)],
              [3, Buffer.from('p')],
            ]),
        ],
      ];
    for (const [name, ask, answer] of wrong) {
      const { agent } = await reach(answering(answer));
      await assert.rejects(ask(agent), { code: 'agent_protocol' }, name);
    }
  });
});
