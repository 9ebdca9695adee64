import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { isUsageError } from '@soulbox/plugin-sdk';
import { createTestHost, type TestHost } from '@soulbox/plugin-sdk/testing';
import plugin from '../src/index.ts';
import { callCommand } from './fixture.ts';

let folder = '';
let host: TestHost;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soulbox-simulator-'));
  host = await createTestHost({ plugins: { 'scaling-simulator': { plugin } } });
});
after(async () => {
  await host.stop();
  await rm(folder, { recursive: true });
});

describe('soulbox scaling', () => {
  it('makes a trace, simulates it and draws what came of it', async () => {
    const [trace, costs, drawing] = ['trace.csv', 'costs.json', 'plot.svg'].map((name) => join(folder, name));
    await callCommand(['trace', 'bursty', '--seed', '3', '--days', '0.05', '--out', trace!]);
    const { stdout } = await callCommand(['trace', 'bursty', '--seed', '3', '--days', '0.05']);
    assert.equal(await readFile(trace!, 'utf8'), stdout);
    await writeFile(costs!, JSON.stringify({ box: { startMs: 1, bytes: 1 } }));
    const args = ['simulate', trace!, '--policy', 'none', '--policy', 'fixed:1', '--costs', costs!, '--plot', drawing!];
    const told = await callCommand(args, { call: host.call });
    assert.equal(told.code, 0);
    assert.match(told.stdout, /^\d+ executions from 2026-01-05T\S+ to \S+\nPOLICY +COLD +SHARE +P50 MS/);
    assert.match(told.stdout, /\nnone +\d+ +100\.00 %.*\nfixed:1 +\d+ +\d/);
    const svg = await readFile(drawing!, 'utf8');
    assert.match(svg, /^<svg .*<polyline .*fixed:1 \(.*<\/svg>\n$/s);
    const piped = await callCommand(['simulate', '-'], { call: host.call, stdin: stdout, json: true });
    const { results } = JSON.parse(piped.stdout) as { results: { policy: string }[] };
    assert.deepEqual(
      results.map(({ policy }) => policy),
      ['none', 'refill'],
    );
  });

  it('simulates what the host has run', async () => {
    const asked = ['simulate', '--history', '--policy', 'none'];
    await assert.rejects(callCommand(asked, { call: host.call }), { code: 'invalid_params', message: /has kept no/ });
    for (const code of ['out a', 'sleep 5']) await host.call('executions.create', { language: 'script', code });
    const { stdout } = await callCommand(asked, { call: host.call });
    assert.match(stdout, /^2 executions from /);
  });

  it('explains what is decided', async () => {
    const decisions = [
      { series: ['programs', null, 'lisp', '1'], want: 1, why: '1: so' },
      { series: ['programs', 'acme', 'lisp', '1', { wallMs: 1 }], want: 2, why: '2: too' },
    ];
    const asked: unknown[] = [];
    const call = async (...what: unknown[]) => {
      asked.push(what);
      return { decisions };
    };
    const { stdout } = await callCommand(['explain', '--limit', '5'], { call });
    assert.deepEqual(asked, [['demand.explain', { limit: 5 }]]);
    assert.equal(stdout, 'programs newcomers lisp 1: 1: so\nprograms acme lisp 1: 2: too\n');
    const json = await callCommand(['explain'], { call, json: true });
    assert.deepEqual(JSON.parse(json.stdout), { decisions });
    const none = await callCommand(['explain'], { call: async () => ({ decisions: [] }) });
    assert.equal(none.stdout, 'nothing has been decided yet\n');
  });

  it('refuses mistakes in the call', async () => {
    const mistakes = [
      [],
      ['guess'],
      ['simulate'],
      ['simulate', 'a', 'b'],
      ['simulate', 'a', '--history'],
      ['simulate', '--speed'],
      ['trace'],
      ['trace', 'odd'],
      ['trace', 'steady', 'more'],
      ['trace', 'steady', '--days', '0'],
      ['trace', 'steady', '--seed', 'x'],
      ['explain', 'all'],
      ['explain', '--limit', ''],
    ];
    for (const args of mistakes) await assert.rejects(callCommand(args), isUsageError, args.join(' '));
  });

  it('says which file cannot be read or written', async () => {
    const missing = join(folder, 'missing', 'file');
    const text = join(folder, 'text.csv');
    await writeFile(text, 'time,language\n1,lisp\n');
    for (const args of [
      ['simulate', missing],
      ['simulate', text, '--costs', missing],
      ['simulate', text, '--costs', text],
      ['trace', 'steady', '--days', '0.001', '--out', missing],
    ])
      await assert.rejects(callCommand(args), { code: 'invalid_params' }, args.join(' '));
    await assert.rejects(callCommand(['simulate', text, '--plot', missing], { call: host.call }), {
      code: 'invalid_params',
    });
  });
});
