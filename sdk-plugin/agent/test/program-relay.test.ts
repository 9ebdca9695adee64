import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { locateAgent } from '../src/locate.ts';
import { strongestMode, Programs } from './support/program.ts';
import { RealAgent } from './support/real-agent.ts';

const run = promisify(execFile);
// Not below /tmp, which every box has for itself.
const folder = mkdtempSync('/var/tmp/soulbox-relay-');
chmodSync(folder, 0o755);
const path = join(folder, 'out.sock');

/** A free port of the machine; another process may take it, but hardly before the relay does. */
async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return String(port);
}

async function relay(program: string, env: Record<string, string> = {}) {
  const port = await freePort();
  const args = ['relay', port, path, process.execPath, '-e', program];
  return run(locateAgent(), args, { env: { ...env, PORT: port }, maxBuffer: 1 << 26 });
}

/** Sends so many connections `bytes` each, and says how many of them came back whole. */
const echoes = `
const net = require('node:net');
const all = Array.from({ length: +process.env.COUNT }, (_, n) => new Promise((resolve, reject) => {
  const sent = Buffer.alloc(+process.env.BYTES, n + 1), got = [];
  const socket = net.connect({ port: +process.env.PORT, allowHalfOpen: true }, () => socket.end(sent));
  socket.on('data', (data) => got.push(data)).on('error', reject);
  socket.on('end', () => resolve(Buffer.concat(got).equals(sent)));
}));
Promise.all(all).then((same) => console.log(same.filter(Boolean).length));`;

describe('the relay out of a box', () => {
  let server: Server;
  let answer: (socket: Socket) => void = (socket) => socket.pipe(socket);
  before(async () => {
    server = createServer({ allowHalfOpen: true }, (socket) => answer(socket.on('error', () => undefined)));
    server.listen(path);
    await once(server, 'listening');
  });
  after(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('carries many connections at once, whole and in order', async () => {
    assert.equal((await relay(echoes, { COUNT: '40', BYTES: '300000' })).stdout, '40\n');
  });

  it('ends with the exit code of the program, or 128 and the signal that ended it', async () => {
    await assert.rejects(relay('process.exit(7)'), { code: 7 });
    await assert.rejects(relay("process.kill(process.pid, 'SIGTERM')"), { code: 143 });
    await assert.rejects(run(locateAgent(), ['relay', await freePort(), path, '/no/such/program']), { code: 127 });
    for (const args of [
      ['0', path],
      ['65536', path],
      ['x', path],
      ['80', 'x'.repeat(200)],
    ])
      await assert.rejects(run(locateAgent(), ['relay', ...args, '/bin/true']), { code: 64 });
  });

  it('ends a connection that the other end closes or that nobody takes, and goes on', async () => {
    const usual = answer;
    const closes = `
      const net = require('node:net');
      const end = () => new Promise((resolve) => net.connect({ port: +process.env.PORT, allowHalfOpen: true })
        .on('error', () => resolve()).on('end', () => resolve()).resume());
      end().then(end).then(() => console.log('ended'));`;
    answer = (socket) => socket.destroy();
    assert.equal((await relay(closes)).stdout, 'ended\n');
    answer = usual;
    server.close();
    assert.equal((await relay(closes)).stdout, 'ended\n');
    server.listen(path);
    await once(server, 'listening');
  });

  it('leads out of a box that has no network, to the socket that it was given', async () => {
    const programs = new Programs();
    const port = '3128';
    const program = join(folder, 'soulbox-agent');
    copyFileSync(programs.agent, program);
    chmodSync(path, 0o777);
    const paths = [folder, '/usr/bin', '/usr/lib', '/bin', '/lib', '/lib64'].flatMap((at) => ['--path', at]);
    const agent = new RealAgent(programs.agent, strongestMode, paths);
    try {
      await agent.hello();
      const speak = `exec 3<>/dev/tcp/127.0.0.1/${port}; echo hello >&3; read -r line <&3; echo "got $line"`;
      const { stdout, stderr } = await agent.run({
        stages: [{ argv: [program, 'relay', port, path, '/bin/bash', '-c', speak] }],
      });
      assert.equal(stdout.toString(), 'got hello\n', stderr.toString());
    } finally {
      assert.deepEqual(await agent.close(), { code: 0, left: [] });
      programs.remove();
    }
  });
});
