import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startProgram } from '@soulbox/plugin-sdk/testing';

const gone = (pid: number) => assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });

test('a program is there when it says that it is ready, and gone when it was stopped, also where it is halted', async () => {
  const listeners = process.listenerCount('exit');
  const program = await startProgram(['/bin/sh', '-c', 'echo al; echo most; exec sleep 600'], { ready: /most/ });
  process.kill(program.pid, 0);
  program.signal('SIGSTOP');
  await program.stop();
  await program.stop();
  gone(program.pid);
  assert.equal(process.listenerCount('exit'), listeners);
});

test('a program that ends before it is ready, or is not there, is an error that says why', async () => {
  await assert.rejects(startProgram(['/bin/sh', '-c', 'echo no room >&2; exit 1'], { ready: /ready/ }), /no room/);
  await assert.rejects(startProgram(['/nowhere/program'], { ready: /ready/ }), { code: 'ENOENT' });
});
