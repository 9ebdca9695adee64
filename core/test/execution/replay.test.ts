import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ExecutionRequest, LanguageInfo } from '@soulbox/plugin-sdk';
import { LiveExecution } from '../../src/execution/live.ts';
import { ReplayWindow } from '../../src/execution/replay.ts';
import { initialResult } from '../../src/execution/result.ts';

const language: LanguageInfo = {
  name: 'script',
  aliases: [],
  extensions: [],
  version: '1',
  available: true,
  reason: null,
  paths: [],
  canary: { code: '', stdout: '' },
};

function live(id: string, bytes: number): LiveExecution {
  const limits = { wallMs: 1, cpuMs: 1, memoryBytes: 1, outputBytes: 1, processes: 1, diskBytes: 1 };
  const request: ExecutionRequest = { id, language: 'script', tenant: 't', principalId: 'p', limits };
  const execution = new LiveExecution(request, initialResult(request, language, ''));
  execution.log.output('stdout', Buffer.alloc(bytes, 'x'));
  return execution;
}

describe('replay window', () => {
  it('keeps what runs, and of what is settled the latest that fit', () => {
    const window = new ReplayWindow(40_000);
    const [running, ...settled] = [live('r', 100_000), live('a', 10_000), live('b', 10_000), live('c', 10_000)];
    assert.ok(running);
    for (const one of [running, ...settled]) window.start(one);
    assert.equal(window.active.length, 4);
    for (const one of settled) window.settle(one);
    assert.deepEqual(window.active, [running]);
    assert.deepEqual(
      ['r', 'a', 'b', 'c'].map((id) => window.get(id)?.request.id),
      ['r', undefined, 'b', 'c'],
    );
    const big = live('big', 40_000);
    window.start(big);
    window.settle(big);
    assert.deepEqual(
      ['r', 'b', 'c', 'big'].map((id) => window.get(id)?.request.id),
      ['r', undefined, undefined, undefined],
    );
  });

  it('lets go of what only a running program needs, and counts output twice: as events and in the result', async () => {
    const window = new ReplayWindow(40_000);
    const one = live('a', 1_000);
    one.request = { ...one.request, code: 'x'.repeat(1_000_000), env: { A: 'b' } };
    await one.stdin.push(Buffer.from('unread')).catch(() => undefined);
    window.start(one);
    window.settle(one);
    assert.deepEqual(Object.keys(window.get('a')!.request).toSorted(), [
      'id',
      'language',
      'limits',
      'principalId',
      'tenant',
    ]);
    const big = live('b', 20_000);
    big.result = { ...big.result, stdout: 'x'.repeat(20_000) };
    window.start(big);
    window.settle(big);
    assert.equal(window.get('b'), undefined);
  });

  it('forgets one that could not be recorded', () => {
    const window = new ReplayWindow(0);
    const one = live('x', 1);
    window.start(one);
    window.drop(one);
    assert.equal(window.get('x'), undefined);
    assert.deepEqual(window.active, []);
  });
});
