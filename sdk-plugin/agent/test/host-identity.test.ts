import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { hostIdentity } from '../src/host-identity.ts';

const identity = hostIdentity();
const [, pid, started, namespace] = /^h(\d+)-(\d+)-(\d+)$/.exec(identity.label)!;

describe('hostIdentity', () => {
  it('names this process, which is not gone', () => {
    assert.equal(pid, String(process.pid));
    assert.equal(identity.isGone(identity.label), false);
  });

  it('knows another process of the same pid as gone', () => {
    assert.equal(identity.isGone(`h${pid}-${Number(started) - 1}-${namespace}`), true);
  });

  it('knows a process as gone once it is', async () => {
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    const stat = readFileSync(`/proc/${child.pid}/stat`, 'latin1');
    const label = `h${child.pid}-${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}-${namespace}`;
    assert.equal(identity.isGone(label), false);
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.equal(identity.isGone(label), true);
  });

  it('does not judge hosts of other pid namespaces, nor what is no host', () => {
    assert.equal(identity.isGone(`h1-1-1${namespace}`), false);
    for (const label of ['', 'h1', 'x1-2-3', 'h1-2-3-4', `h-1-1-${namespace}`])
      assert.equal(identity.isGone(label), false);
  });

  it('fails where there is no such file system', () => {
    assert.throws(() => hostIdentity('/nonexistent'));
  });
});
