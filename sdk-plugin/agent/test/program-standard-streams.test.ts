import assert from 'node:assert/strict';
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { Duplex, type Readable, type Writable } from 'node:stream';
import { after, describe, it } from 'node:test';
import { AgentConnection } from '../src/connection.ts';
import { ordinaryMode, Programs } from './support/program.ts';

const programs = new Programs();

function serve(options: readonly string[]): ChildProcessByStdio<Writable, Readable, Readable> {
  const { user } = ordinaryMode;
  return spawn(programs.agent, ['serve', ...options], { stdio: ['pipe', 'pipe', 'pipe'], env: {}, ...user });
}

describe('an agent on standard input and output', () => {
  after(() => programs.remove());

  it('serves there, and takes what the driver knows better for a fact', async () => {
    const child = serve(['--fd', '0', '--out-fd', '1']);
    const connection = await AgentConnection.open(Duplex.from({ readable: child.stdout, writable: child.stdin }), {
      facts: new Map([['user', 'box-uid']]),
    });
    assert.deepEqual([connection.facts.get('user'), connection.facts.get('filesystem')], ['box-uid', 'read-only']);
    await connection.ping(5000);
    await connection.shutdown(5000);
    if (child.exitCode === null) await once(child, 'exit');
    assert.equal(child.exitCode, 0);
  });

  it('ends when its input ends', async () => {
    const child = serve(['--fd', '0', '--out-fd', '1']);
    child.stdin.end();
    assert.deepEqual((await once(child, 'exit'))[0], 0);
  });

  for (const [what, options] of [
    ['to take a container for its box when it is not its first process', ['--fd', '0', '--boxes', 'container']],
    ['boxes of another kind', ['--fd', '0', '--boxes', 'cardboard']],
    ['to answer on what is no descriptor', ['--fd', '0', '--out-fd', 'x']],
  ] as const)
    it(`refuses ${what}`, async () => {
      assert.deepEqual((await once(serve(options), 'exit'))[0], 64);
    });
});
