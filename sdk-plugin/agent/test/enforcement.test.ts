import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { enforcementFrom } from '../src/enforcement.ts';
import { locateAgent } from '../src/locate.ts';

const strong = {
  namespaces: 'user,pid,mount,ipc,net,uts,cgroup',
  user: 'own-uid',
  filesystem: 'pivot-root,read-only',
  network: 'none',
  seccomp: 'filter',
  memory: 'cgroup-v2',
  processes: 'cgroup-v2',
  cpu: 'cgroup-v2',
  disk: 'tmpfs',
  output: 'agent',
  wall: 'agent',
};
const levelWith = (over: Record<string, string>): string =>
  enforcementFrom(new Map(Object.entries({ ...strong, ...over }))).level;

describe('enforcementFrom', () => {
  it('calls everything held by cgroups and an own uid strong', () => {
    assert.deepEqual(enforcementFrom(new Map(Object.entries(strong))), { level: 'strong', ...strong });
  });

  it('calls other holders of limits and a shared uid standard', () => {
    assert.equal(levelWith({ user: 'shared-uid' }), 'standard');
    for (const limit of ['memory', 'processes', 'cpu'])
      assert.equal(levelWith({ [limit]: 'rlimit,watchdog' }), 'standard');
  });

  it('calls a missing wall weak, and silence about it a missing one', () => {
    for (const name of Object.keys(strong).filter((key) => key !== 'user')) {
      if (name !== 'network') assert.equal(levelWith({ [name]: 'none' }), 'weak', name);
      const { [name as 'wall']: _, ...rest } = strong;
      assert.equal(enforcementFrom(new Map(Object.entries(rest))).level, 'weak', name);
    }
    assert.equal(levelWith({ network: 'host' }), 'weak');
    assert.equal(levelWith({ namespaces: 'pid,mount,ipc,net' }), 'weak');
    assert.equal(enforcementFrom(new Map()).network, 'host');
  });
});

describe('locateAgent', () => {
  it('finds a program that can be executed', () => {
    assert.equal(locateAgent(process.execPath), process.execPath);
  });

  it('says what to do where it is missing, without telling the path', () => {
    assert.throws(
      () => locateAgent('/nonexistent/soulbox-agent'),
      (error: Error & { details?: object }) => {
        assert.match(JSON.stringify(error.details), /compiler/);
        assert.doesNotMatch(error.message, /nonexistent/);
        return (error as { code?: string }).code === 'sandbox_unavailable';
      },
    );
  });
});
