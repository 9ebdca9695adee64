import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { DriverReport, Limits, RunOutcome } from '@soulbox/plugin-sdk';
import { readGuest, type GuestCheck } from '../support/vm/guest-output.ts';
import { guestRepository, writeGuestImage } from '../support/vm/guest-image.ts';
import { bootVirtualMachine, vmSkip } from '../support/vm/virtual-machine.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
const checks = `${guestRepository}/test/dist/support/vm/guest-checks.js`;
const driverTest = `--test-reporter=tap ${guestRepository}/plugins/sandbox-linux/dist/test`;
const agentTest = `--test-reporter=tap ${guestRepository}/sdk-plugin/dist/agent/test`;
const plan = `
check root 0 ${checks}
check delegated 1000 ${checks}
check crowded 1000 ${checks}
check top-of-tree 0 ${checks}
check driver-of-root 0 ${driverTest}/conformance.test.js
check top-cgroups-of-root 0 ${driverTest}/cgroups.test.js
check agent-of-root 0 ${agentTest}/program-cgroups.test.js
`;

interface Ended {
  readonly verdict: RunOutcome['verdict'];
  readonly limit: keyof Limits | null;
  readonly stdout: string;
}

describe('the Linux driver on a machine of cgroup version 2 alone', { skip: vmSkip() }, () => {
  let guest: ReadonlyMap<string, GuestCheck>;
  let scratch: string | undefined;
  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'soulbox-vm-'));
    const image = join(scratch, 'initramfs');
    writeGuestImage(image, repository, scratch, plan);
    guest = readGuest(await bootVirtualMachine(image, 220_000));
  });
  after(async () => {
    if (scratch !== undefined) await rm(scratch, { recursive: true, force: true });
  });

  const checkOf = (name: string): GuestCheck => {
    const check = guest.get(name);
    assert.ok(check, `the virtual machine did not get to ${name}`);
    return check;
  };

  for (const [name, level, user, advice] of [
    ['root', 'strong', 'own-uid', 0],
    ['delegated', 'standard', 'shared-uid', 1],
    ['crowded', 'standard', 'shared-uid', 2],
    ['top-of-tree', 'strong', 'own-uid', 0],
  ] as const) {
    const holder = name === 'crowded' ? 'rlimit,watchdog' : 'cgroup-v2';
    describe(`a host in the cgroup of ${name}`, () => {
      it(`reaches ${level}, with limits held by ${holder}`, () => {
        const check = checkOf(name);
        const report = check.results.get('report') as DriverReport | undefined;
        assert.ok(report, check.output);
        const { memory, processes, cpu } = report.enforced;
        assert.deepEqual([report.available, report.reason], [true, null]);
        assert.deepEqual([memory, processes, cpu], [holder, holder, holder]);
        assert.deepEqual([report.enforced.level, report.enforced.user], [level, user]);
        assert.equal(report.advice.length, advice);
        assert.equal(report.advice.join().includes('Delegate=yes'), name === 'crowded');
      });

      for (const [program, verdict, limit] of [
        ['ok', 'ok', null],
        ['memoryBomb', 'memory-limit', 'memoryBytes'],
        ['memoryOfMany', 'memory-limit', 'memoryBytes'],
        ['forkBomb', 'process-limit', 'processes'],
        ['processorHog', 'timeout', 'cpuMs'],
        ['diskFill', 'disk-limit', 'diskBytes'],
      ] as const)
        it(`ends ${program} with ${verdict}`, () => {
          const check = checkOf(name);
          const ended = check.results.get(program) as Ended | undefined;
          assert.deepEqual([ended?.verdict, ended?.limit], [verdict, limit], check.output);
          if (program === 'ok' && name !== 'crowded') assert.equal(ended?.stdout, '0::/\n');
        });

      it('leaves no cgroup', () => {
        const { exitCode, left, output } = checkOf(name);
        assert.deepEqual([exitCode, left], [0, ''], output);
      });
    });
  }

  for (const [name, least] of [
    ['driver-of-root', 50],
    ['top-cgroups-of-root', 11],
    ['agent-of-root', 19],
  ] as const)
    it(`passes the tests ${name}`, () => {
      const { exitCode, output } = checkOf(name);
      assert.equal(exitCode, 0, output);
      assert.ok(Number(/^# pass (\d+)/m.exec(output)?.[1]) >= least, output.slice(-2000));
    });
});
