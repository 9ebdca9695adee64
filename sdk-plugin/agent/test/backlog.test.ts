import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Backlog } from '../src/backlog.ts';

describe('Backlog', () => {
  it('joins pieces beyond its bound and keeps each stream in order', () => {
    const backlog = new Backlog();
    for (let i = 0; i < 300; i++) backlog.pushOutput('stdout', Buffer.from('o'));
    for (let i = 0; i < 5000; i++) {
      backlog.pushOutput('stderr', Buffer.from(String(i % 10)));
      backlog.pushOutput('stdout', Buffer.from('x'));
    }
    const text = { stdout: '', stderr: '' };
    let pieces = 0;
    for (let entry = backlog.take(); entry; entry = backlog.take()) {
      assert.ok(entry.type === 'stdout' || entry.type === 'stderr');
      text[entry.type] += Buffer.from(entry.data).toString();
      pieces++;
    }
    assert.equal(text.stdout, 'o'.repeat(300) + 'x'.repeat(5000));
    assert.equal(text.stderr, '0123456789'.repeat(500));
    assert.ok(pieces <= 258, String(pieces));
    assert.ok(backlog.empty);
  });

  it('does not join across a stage, nor keep the reader’s memory', () => {
    const backlog = new Backlog();
    const chunk = Buffer.alloc(65_536, 1);
    for (let i = 0; i < 256; i++) backlog.pushOutput('stdout', chunk.subarray(0, 1));
    backlog.pushStage('run');
    backlog.pushOutput('stdout', chunk.subarray(0, 1));
    const taken = Array.from({ length: 258 }, () => backlog.take());
    assert.deepEqual(taken[256], { type: 'stage', name: 'run' });
    const last = taken[257];
    assert.ok(last && last.type === 'stdout' && last.data.buffer !== chunk.buffer);
  });
});
