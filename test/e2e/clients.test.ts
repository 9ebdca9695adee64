import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startHost, type RunningHost } from '../support/running-host.ts';
import { root } from '../support/soulbox.ts';
import { needs } from '../support/needs.ts';

interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(command: readonly string[], env: Readonly<Record<string, string>>): Promise<Finished> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { env: { PATH: process.env['PATH'] ?? '', ...env } });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

const clients: readonly (readonly string[])[] = [
  [process.execPath, join(root, 'examples/dist/clients/websocket.js')],
  ['python3', join(root, 'examples/clients/websocket_client.py')],
];

/** The example clients, run as their README says. */
describe('example clients', { skip: needs('python3') }, () => {
  let host: RunningHost;
  before(async () => {
    host = await startHost();
  });
  after(async () => {
    await host.end('SIGTERM');
    await host.home[Symbol.asyncDispose]();
  });

  for (const command of clients) {
    const name = command.at(-1)?.split('/').at(-1);
    it(`${name} shows output and verdict of a program`, async () => {
      const finished = await run(command, { SOULBOX_URL: host.url, SOULBOX_KEY: host.key ?? '' });
      assert.match(finished.stdout, /^line 0\nline 1\nline 2\nverdict: ok after \d+ ms\n$/);
      assert.deepEqual([finished.code, finished.stderr], [0, '']);
    });
    it(`${name} says what is wrong with its key or its host`, async () => {
      const refused = await run(command, { SOULBOX_URL: host.url, SOULBOX_KEY: 'wrong' });
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /401/);
      const lost = await run(command, { SOULBOX_URL: 'ws://127.0.0.1:1/rpc', SOULBOX_KEY: 'wrong' });
      assert.equal(lost.code, 1);
      assert.match(lost.stderr, /^cannot use .*\n$/);
    });
  }
});
