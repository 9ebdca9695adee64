import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { SoulboxError } from '@soulbox/plugin-sdk';
import { launchFailure } from '../src/launch-failure.ts';

const proc = mkdtempSync(join(tmpdir(), 'soulbox-proc-'));
after(() => rmSync(proc, { recursive: true, force: true }));
const lost = new SoulboxError('sandbox_lost', 'gone');

function adviceWith(file: string, value: string): string {
  rmSync(join(proc, 'sys'), { recursive: true, force: true });
  mkdirSync(join(proc, 'sys/kernel'), { recursive: true });
  mkdirSync(join(proc, 'sys/user'), { recursive: true });
  writeFileSync(join(proc, file), value);
  return JSON.stringify(
    launchFailure('soulbox-agent: userns: Operation not permitted', lost, proc).details?.['advice'],
  );
}

describe('launchFailure', () => {
  it('names the step, and keeps the rest for the log', () => {
    const error = launchFailure('soulbox-agent: path /root/secret: No such file or directory', lost, proc);
    assert.deepEqual([error.code, error.details?.['step']], ['sandbox_unavailable', 'path']);
    assert.doesNotMatch(JSON.stringify(error.toBody()), /secret/);
    assert.match((error.cause as Error).message, /secret/);
  });

  it('finds the switch that forbids user namespaces', () => {
    assert.match(adviceWith('sys/kernel/unprivileged_userns_clone', '0\n'), /unprivileged_userns_clone=1/);
    assert.match(adviceWith('sys/user/max_user_namespaces', '0\n'), /max_user_namespaces=/);
    assert.match(adviceWith('sys/kernel/apparmor_restrict_unprivileged_userns', '1\n'), /AppArmor/);
    assert.doesNotMatch(adviceWith('sys/user/max_user_namespaces', '100\n'), /max_user_namespaces=/);
  });

  it('copes with an agent that says nothing, or something else', () => {
    for (const line of ['', 'segmentation fault', '\u001b[31m']) {
      const error = launchFailure(line, lost, proc);
      assert.deepEqual([error.code, error.message], ['sandbox_unavailable', 'the sandbox agent did not start']);
    }
  });

  it('leaves a cancellation alone', () => {
    const cancelled = new SoulboxError('cancelled', 'x');
    assert.equal(launchFailure('soulbox-agent: userns: x', cancelled), cancelled);
  });
});
