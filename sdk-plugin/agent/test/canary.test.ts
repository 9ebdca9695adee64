import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, it } from 'node:test';
import { enforcementFrom } from '@soulbox/plugin-sdk/agent';
import { judgeCanary, plantSecret, removeStaleSecrets } from '../src/canary.ts';
import { hostIdentity } from '../src/host-identity.ts';

const facts = new Map([
  ['namespaces', 'user,pid,mount'],
  ['network', 'none'],
  ['seccomp', 'filter'],
]);
const walled = enforcementFrom(facts);
const secret = { path: '/x', value: 'abcdef', remove: async () => undefined };
const fine =
  'soulbox-canary uid=1000 pid=2 processes=2 interfaces=lo io_uring=refused userns=refused secret=unreadable\n';

describe('judgeCanary', () => {
  it('passes a canary that every wall held', () => {
    assert.equal(judgeCanary(fine, secret, walled), null);
  });

  const broken: [string, string][] = [
    ['secret=unreadable', 'secret=READ'],
    ['interfaces=lo', 'interfaces=OTHERS'],
    ['processes=2', 'processes=91'],
    ['io_uring=refused', 'io_uring=ALLOWED'],
    ['userns=refused', 'userns=ALLOWED'],
  ];
  for (const [good, bad] of broken)
    it(`does not pass one with ${bad}, nor one that is silent about it`, () => {
      const name = good.split('=', 1)[0]!;
      assert.equal(judgeCanary(fine.replace(good, bad), secret, walled), `the canary got past a wall: ${name}`);
      assert.equal(judgeCanary(fine.replace(good, ''), secret, walled), `the canary got past a wall: ${name}`);
    });

  it('does not pass silence, nor the secret itself', () => {
    for (const output of ['', 'hello', 'x soulbox-canary secret=unreadable'])
      assert.match(judgeCanary(output, secret, walled) ?? '', /nothing/);
    assert.match(judgeCanary(`${fine}abcdef`, secret, walled) ?? '', /secret/);
  });

  it('expects nothing of walls that are not said to be there, but the secret always', () => {
    const none = enforcementFrom(new Map());
    assert.equal(judgeCanary('soulbox-canary secret=unreadable', secret, none), null);
    assert.match(judgeCanary('soulbox-canary secret=READ', secret, none) ?? '', /secret/);
  });
});

describe('plantSecret', () => {
  it('plants what anyone on the host can read, and takes it away', async () => {
    const planted = await plantSecret(`plant-${process.pid}`, hostIdentity());
    const folder = dirname(planted.path);
    assert.equal(await readFile(planted.path, 'utf8'), planted.value);
    assert.deepEqual([(await stat(folder)).mode & 0o777, (await stat(planted.path)).mode & 0o777], [0o755, 0o644]);
    assert.equal(await removeStaleSecrets(`plant-${process.pid}`, hostIdentity()), 0);
    await planted.remove();
    await assert.rejects(stat(folder), { code: 'ENOENT' });
  });
});
