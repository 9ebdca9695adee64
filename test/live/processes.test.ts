import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { follow, otherTenant, overDrivers, startLiveHost, type LiveHost } from '../support/live-host.ts';

const uidBase = 1_720_000_000 + (process.pid % 1000) * 20_000;
type Process = { id: number; pid: number; state: string; exitCode: number | null; signal: string | null } & Record<
  string,
  unknown
>;
type Ran = { process: Process; stdout: string; stderr: string; truncated: { stdout: boolean; stderr: boolean } };

overDrivers('processes of a sandbox that stays', (driver) => {
  let live: LiveHost;
  let sandbox: string;
  before(async () => {
    live = await startLiveHost({ driver, uidBase });
    sandbox = await live.create({ env: { GIVEN: 'sandbox', BOTH: 'sandbox' }, limits: { memoryBytes: 100_000_000 } });
  });
  after(() => live?.[Symbol.asyncDispose]());

  const call = <T = Record<string, unknown>>(verb: string, params: object) =>
    live.call<T>(`processes.${verb}`, { sandbox, ...params });
  const run = (command: string, over: object = {}) => call<Ran>('run', { command, ...over });
  const start = (params: object) => call<Process>('start', params);

  it('run to their end, with what they wrote', async () => {
    const ran = await run('echo $GIVEN $BOTH $OWN; echo é >&2; pwd; exit 3', {
      env: { BOTH: 'process', OWN: 'x' },
      cwd: '/tmp',
    });
    assert.deepEqual([ran.stdout, ran.stderr], ['sandbox process x\n/tmp\n', 'é\n']);
    const { state, exitCode, signal } = ran.process;
    assert.deepEqual([state, exitCode, signal], ['ended', 3, null]);
    assert.deepEqual(ran.truncated, { stdout: false, stderr: false });
    assert.deepEqual((await call<{ processes: Process[] }>('list', {})).processes, []);
    const cut = await run('echo 123456', { outputBytes: 3 });
    assert.deepEqual([cut.stdout, cut.truncated.stdout], ['123', true]);
    assert.equal((await call<Ran>('run', { argv: ['/bin/echo', 'a b'] })).stdout, 'a b\n');
    assert.equal((await run('kill -TERM $$')).process.signal, 'SIGTERM');
  });

  it('are told of while they run', async () => {
    const { events, result } = await follow(
      live.stream('processes.run', {
        sandbox,
        command: 'printf "\\303"; sleep 0.1; printf "\\251\\n"; printf "\\303"',
      }),
    );
    assert.deepEqual(
      events.map(({ stream, offset, text, encoding }) => [stream, offset, text, encoding]),
      [
        ['stdout', 0, 'é\n', 'utf8'],
        ['stdout', 3, 'ww==', 'base64'],
      ],
    );
    assert.deepEqual((result as unknown as { encoding: unknown }).encoding, { stdout: 'base64', stderr: 'utf8' });
  });

  it('end when whoever ran them leaves', async () => {
    const abort = new AbortController();
    const running = (async () => {
      const items = live.stream('processes.run', { sandbox, command: 'echo up; sleep 60 & wait' }, abort.signal);
      for await (const _ of items) abort.abort();
    })();
    await assert.rejects(running, { code: 'cancelled' });
    for (let tries = 0; tries < 100; tries++) {
      const { processes } = await call<{ processes: Process[] }>('list', {});
      if (processes.every(({ state }) => state === 'ended')) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const left = await run('cat /proc/[0-9]*/comm');
    assert.ok(!left.stdout.includes('sleep'), left.stdout);
  });

  it('go on alone, and are come back to', async () => {
    const { id } = await start({
      command: 'read a; echo got $a; read b; echo got $b; sleep 60',
      stdin: true,
      tag: 'mine',
    });
    await call('input', { process: id, data: 'one\n' });
    const abort = new AbortController();
    let offset = 0;
    const first = (async () => {
      for await (const item of live.stream('processes.attach', { sandbox, process: id }, abort.signal)) {
        if (!('event' in item)) continue;
        const { text, offset: at } = item.event as { text: string; offset: number };
        offset = at + Buffer.byteLength(text);
        abort.abort();
      }
    })();
    await assert.rejects(first, { code: 'cancelled' });
    await call('input', {
      process: id,
      data: Buffer.from('two\n').toString('base64'),
      encoding: 'base64',
      close: true,
    });
    const waited = await call<Process>('wait', { process: id, timeoutMs: 100 });
    assert.deepEqual([waited.state, waited['tag']], ['running', 'mine']);
    await call('kill', { process: id, session: true });
    const { events, result } = await follow(
      live.stream('processes.attach', { sandbox, process: id, fromOffset: offset }),
    );
    assert.equal(events.map(({ text }) => text).join(''), 'got two\n');
    assert.equal(result['signal'], 'SIGKILL');
    assert.equal((await call<Process>('wait', { process: id })).state, 'ended');
    assert.equal((await call<Process>('get', { process: id })).id, id);
    await call('forget', { process: id });
    await assert.rejects(call('get', { process: id }), { code: 'process_not_found' });
  });

  it('have terminals, which change their size', async () => {
    const { id, ...about } = await start({ argv: ['/bin/sh'], terminal: { rows: 11, columns: 22 } });
    assert.equal(about['terminal'], true);
    await call('input', { process: id, data: 'stty size\n' });
    await call('resize', { process: id, terminal: { rows: 33, columns: 44 } });
    await call('input', { process: id, data: 'stty size; exit 5\n' });
    const { events, result } = await follow(live.stream('processes.attach', { sandbox, process: id }));
    const text = events.map((event) => event['text']).join('');
    assert.ok(text.includes('33 44'), text);
    assert.equal(result['exitCode'], 5);
  });

  it('are ended by their time, and for memory, without their sandbox', async () => {
    const late = await run('sleep 60', { timeoutMs: 200 });
    assert.deepEqual([late.process['timedOut'], late.process.signal], [true, 'SIGKILL']);
    const eater = await run('x=0123456789; while :; do x=$x$x; done');
    assert.notEqual(eater.process.exitCode, 0);
    assert.equal((await run('echo here')).stdout, 'here\n');
  });

  it('lose the oldest of what nobody reads, and say so', async () => {
    const { id } = await start({ command: 'head -c 20000 /dev/zero', keptBytes: 4_096 });
    await call('wait', { process: id });
    const { events } = await follow(live.stream('processes.attach', { sandbox, process: id, fromOffset: 0 }));
    assert.deepEqual(events[0], { type: 'gap', from: 0, to: 20_000 - 4_096 });
  });

  const refused: readonly (readonly [string, object, string])[] = [
    ['start', { argv: ['x'], command: 'y' }, 'invalid_params'],
    ['start', {}, 'invalid_params'],
    ['start', { argv: ['a\0b'] }, 'invalid_params'],
    ['start', { argv: ['x'], user: 'root' }, 'unsupported'],
    ['start', { argv: ['x'], env: { 'A=B': 'c' } }, 'invalid_params'],
    ['run', { argv: ['x'], outputBytes: 3_000_000 }, 'limit_out_of_range'],
    ['attach', { process: 999 }, 'process_not_found'],
    ['wait', { process: 999 }, 'process_not_found'],
    ['input', { process: 999, data: 'x' }, 'process_not_found'],
    ['input', { process: 999, data: '%', encoding: 'base64' }, 'invalid_params'],
    ['kill', { process: 999 }, 'process_not_found'],
    ['kill', { process: 999, signal: 'SIGNONE' }, 'invalid_params'],
    ['resize', { process: 999, terminal: { rows: 1, columns: 1 } }, 'process_not_found'],
    ['forget', { process: 999 }, 'process_not_found'],
  ];
  for (const [verb, params, code] of refused)
    it(`are refused: ${verb} ${JSON.stringify(params)}`, async () => {
      await assert.rejects(call(verb, params), { code });
    });

  it('are nobody else’s', async () => {
    const { id } = await start({ argv: ['sleep', '60'] });
    for (const [verb, params] of [
      ['run', { argv: ['id'] }],
      ['attach', { process: id }],
      ['kill', { process: id }],
      ['list', {}],
    ] as const)
      await assert.rejects(live.call(`processes.${verb}`, { sandbox, ...params }, otherTenant), { code: 'not_found' });
    await call('kill', { process: id });
  });

  it('cannot end, trace or read the first process, or find how hosts reach it', async () => {
    const { stdout } = await run(
      [
        'kill -9 1; kill -STOP 1',
        'cat /proc/1/environ /proc/1/maps 2>&1 | head -c 200',
        'ls -la /proc/1/fd 2>&1 | head -c 200',
        '(echo x > /proc/1/mem) 2>&1',
        'cat /proc/net/unix | wc -l',
        'find / -name service -type s 2>/dev/null',
      ].join('; '),
    );
    assert.ok(!stdout.includes('socket:'), stdout);
    assert.ok(!stdout.includes('service'), stdout);
    assert.equal((await run('echo here')).stdout, 'here\n');
  });

  it('that fork without end do not end the sandbox', async () => {
    const small = await live.create({ limits: { processes: 16 } });
    await live.call('processes.run', { sandbox: small, command: 'f() { f | f & }; f; sleep 1', timeoutMs: 3_000 });
    let answer: Ran | undefined;
    for (let tries = 0; tries < 100 && !answer; tries++)
      answer = await live
        .call<Ran>('processes.run', { sandbox: small, argv: ['/bin/echo', 'here'] })
        .catch(() => new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 100)));
    assert.equal(answer?.stdout, 'here\n');
  });
});
