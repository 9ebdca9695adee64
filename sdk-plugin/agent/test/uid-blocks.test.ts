import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { checkUidRange, UidBlocks } from '../src/uid-blocks.ts';

// Away from every default, and from what other runs of these tests reserve.
const base = 2_000_000_000 + (process.pid % 10_000) * 1000;

describe('UidBlocks', () => {
  it('gives each block once, also to other owners of the same range, until it is released', async () => {
    const range = { base, count: 16, blocks: 3 };
    const [one, other] = [new UidBlocks(range), new UidBlocks(range)];
    const taken = [await one.take(), await other.take(), await other.take()];
    assert.deepEqual(
      taken.map((block) => block.base).toSorted((a, b) => a - b),
      [base, base + 16, base + 32],
    );
    await assert.rejects(one.take(), { code: 'sandbox_unavailable' });
    await taken[1]!.release();
    const again = await one.take();
    assert.equal(again.base, taken[1]!.base);
    await Promise.all([again, taken[0]!, taken[2]!].map((block) => block.release()));
  });

  it('gives back what a killed process held', async () => {
    const name = `soulbox/uids/${base + 500}`;
    const holder = spawn(process.execPath, [
      '-e',
      `require('net').createServer().listen('\\0${name}', () => console.log('held'))`,
    ]);
    await once(holder.stdout, 'data');
    const blocks = new UidBlocks({ base: base + 500, count: 16, blocks: 1 });
    await assert.rejects(blocks.take(), { code: 'sandbox_unavailable' });
    holder.kill('SIGKILL');
    await once(holder, 'close');
    const block = await blocks.take();
    const visitor = connect(`\0${name}`);
    visitor.on('error', () => undefined);
    await once(visitor, 'close');
    await block.release();
  });
});

it('says why uids cannot be reserved at all', async (t) => {
  t.mock.method(Server.prototype, 'listen', function (this: Server) {
    queueMicrotask(() => this.emit('error', Object.assign(new Error('no'), { code: 'EACCES' })));
    return this;
  });
  const refused = { code: 'sandbox_unavailable', message: 'user ids cannot be reserved' };
  await assert.rejects(new UidBlocks({ base, count: 16, blocks: 1 }).take(), refused);
});

describe('checkUidRange', () => {
  const folder = mkdtempSync(join(tmpdir(), 'soulbox-uids-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const check = (map: string, range = { base: 805_306_368, count: 1024, blocks: 16 }): void => {
    writeFileSync(join(folder, 'uid_map'), map);
    checkUidRange(range, join(folder, 'uid_map'));
  };

  it('passes where every uid exists', () => {
    check('         0          0 4294967295\n');
    check('0 100000 65536\n1000000 300000 65536\n', { base: 1_000_000, count: 4096, blocks: 16 });
  });

  it('refuses uids that a user namespace does not have', () => {
    for (const map of ['0 1000 1\n', '0 100000 65536\n', '0 100000 805306369\n', '']) {
      assert.throws(() => check(map), { code: 'sandbox_unavailable' });
    }
  });
});
