import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { UsageError } from '../../src/cli/command.ts';
import { confirm } from '../../src/cli/confirm.ts';

function terminal(isTTY: boolean) {
  const stdin = Object.assign(new PassThrough(), { isTTY });
  return { stdin, stdout: new PassThrough(), stderr: new PassThrough() };
}

test('only a yes is a yes', async () => {
  for (const [answer, agreed] of Object.entries({
    y: true,
    YES: true,
    ' yes ': true,
    n: false,
    '': false,
    ye: false,
  })) {
    const asked = terminal(true);
    asked.stdin.end(`${answer}\nmore\n`);
    assert.equal(await confirm('Sure?', false, asked), agreed, answer);
    assert.equal(String(asked.stderr.read()), 'Sure? [y/N] ');
  }
});

test('nobody is asked who agreed before, and nobody can be asked who is not there', async () => {
  assert.equal(await confirm('Sure?', true, terminal(false)), true);
  await assert.rejects(confirm('Sure?', false, terminal(false)), UsageError);
});

test('whoever goes away without an answer says no', async () => {
  const gone = terminal(true);
  gone.stdin.end();
  assert.equal(await confirm('Sure?', false, gone), false);
  const abort = new AbortController();
  const waiting = confirm('Sure?', false, terminal(true), abort.signal);
  abort.abort();
  assert.equal(await waiting, false);
});
