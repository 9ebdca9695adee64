import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { RunEvent, RunOutcome, RunSpec } from '@soulbox/plugin-sdk';
import { hostIdentity, locateAgent } from '@soulbox/plugin-sdk/agent';
import { LinuxDriver, SettingsSchema, type LinuxDriverOptions } from '../src/driver.ts';
import { allGone, descendants, signalAll } from './support/descendants.ts';

const { signal } = new AbortController();
const uidBase = 1_600_000_000 + (process.pid % 1000) * 50_000;
const empty = { paths: [], labels: {} };

function driverWith(
  test: { after(fn: () => Promise<void>): void },
  over: Partial<LinuxDriverOptions> = {},
): LinuxDriver {
  const driver = new LinuxDriver({
    deploymentId: `driver-${randomBytes(4).toString('hex')}`,
    settings: SettingsSchema.parse({ uidBase, uidBlocks: 16, graceMs: 1500 }),
    ...over,
  });
  test.after(() => driver.dispose());
  return driver;
}

function shell(script: string, wallMs = 30_000): RunSpec {
  return {
    id: 'test',
    files: [],
    stages: [{ name: 'run', argv: ['/bin/sh', '-c', script], env: {}, stdin: false }],
    limits: { wallMs, cpuMs: 30_000, memoryBytes: 64e6, outputBytes: 1e6, processes: 16, diskBytes: 1e6 },
  };
}

async function outcomeOf(events: AsyncIterable<RunEvent>, onOutput?: () => void): Promise<RunOutcome> {
  for await (const event of events) {
    if (event.type === 'end') return event.outcome;
    if (event.type === 'stdout') onOutput?.();
  }
  throw new Error('no end');
}

describe('LinuxDriver', () => {
  it('reports a host where boxes can be built, with advice for what is missing', async (test) => {
    const report = await driverWith(test).probe({ signal });
    assert.deepEqual([report.available, report.reason], [true, null]);
    assert.ok(['standard', 'strong'].includes(report.enforced.level));
    assert.equal(report.advice.length === 0, report.enforced.level === 'strong');
  });

  it('is not available on another system, and says what to do', async (test) => {
    const driver = driverWith(test, { platform: 'darwin' });
    const report = await driver.probe({ signal });
    assert.deepEqual([report.available, report.enforced.level], [false, 'none']);
    assert.match(report.reason ?? '', /Linux/);
    assert.ok(report.advice.length > 0);
    await assert.rejects(driver.create(empty, { signal }), { code: 'sandbox_unavailable' });
    assert.equal(await driver.reconcile(), 0);
    assert.deepEqual(await driver.health(), { status: 'down', detail: 'this host does not run Linux' });
  });

  it('is not available without an agent, or with another program in its place', async (test) => {
    const missing = driverWith(test, { locate: () => '/nonexistent/agent' });
    assert.equal((await missing.probe({ signal })).available, false);
    for (const program of ['/bin/true', '/bin/sleep', '/bin/cat']) {
      const report = await driverWith(test, { locate: () => program }).probe({ signal });
      assert.deepEqual([report.available, report.enforced.level], [false, 'none'], program);
    }
  });

  it('takes an agent from below a folder that every box has for itself', async (test) => {
    const folder = await mkdtemp(join(tmpdir(), 'soulbox-agent-'));
    test.after(() => rm(folder, { recursive: true }));
    await chmod(folder, 0o755);
    const agent = join(folder, 'soulbox-agent');
    await copyFile(locateAgent(), agent);
    const report = await driverWith(test, { locate: () => agent }).probe({ signal });
    assert.deepEqual([report.available, report.reason], [true, null]);
  });

  it('refuses a path that is not there by its step, not by its name', async (test) => {
    const driver = driverWith(test);
    await assert.rejects(
      driver.create({ paths: ['/nonexistent/toolchain'], labels: {} }, { signal }),
      (error: Error & { code?: string; details?: { step?: string }; toBody(): object }) =>
        error.code === 'sandbox_unavailable' &&
        error.details?.step === 'path' &&
        !JSON.stringify(error.toBody()).includes('nonexistent'),
    );
    assert.equal((await driver.health()).status, 'down');
    await driver.create(empty, { signal });
    assert.equal((await driver.health()).status, 'up');
  });

  it('loses the runs of an agent that is killed, and says so', async (test) => {
    const driver = driverWith(test);
    const { id } = await driver.create(empty, { signal });
    const outcome = await outcomeOf(driver.run(id, shell('echo up; while :; do :; done'), { signal }), () => {
      signalAll(descendants(process.pid), 'SIGKILL');
    });
    assert.equal(outcome.verdict, 'lost');
    assert.deepEqual(
      (await driver.list()).map(({ state }) => state),
      ['exited'],
    );
    assert.equal((await driver.health()).status, 'degraded');
    assert.equal((await outcomeOf(driver.run(id, shell(':'), { signal }))).verdict, 'lost');
    await driver.destroy(id);
    assert.deepEqual(await driver.list(), []);
  });

  it('does not wait for a frozen agent longer than the limits and the grace', async (test) => {
    const driver = driverWith(test);
    const { id } = await driver.create(empty, { signal });
    let processes: number[] = [];
    const outcome = await outcomeOf(driver.run(id, shell('echo up; while :; do :; done', 300), { signal }), () => {
      processes = descendants(process.pid);
      signalAll(processes, 'SIGSTOP');
    });
    assert.equal(outcome.verdict, 'lost');
    await driver.destroy(id);
    await allGone(processes);
  });

  it('leaves no process when it is disposed of, also of a box that was being made', async (test) => {
    const driver = driverWith(test);
    await driver.create(empty, { signal });
    const making = driver.create(empty, { signal });
    const processes = descendants(process.pid);
    await Promise.all([assert.rejects(making, { code: 'cancelled' }), driver.dispose()]);
    await allGone(processes);
    await assert.rejects(driver.create(empty, { signal }), { code: 'cancelled' });
    await driver.dispose();
  });

  it('stops building when its caller leaves', async (test) => {
    const driver = driverWith(test);
    const controller = new AbortController();
    const making = driver.create(empty, { signal: controller.signal });
    controller.abort();
    await assert.rejects(making, { code: 'cancelled' });
    assert.deepEqual(await driver.list(), []);
  });

  it('leaves nothing when its host is killed, once another reconciles', async (test) => {
    const deploymentId = `doomed-${randomBytes(4).toString('hex')}`;
    const script = fileURLToPath(new URL('support/doomed-host.js', import.meta.url));
    const host = spawn(process.execPath, [script, deploymentId, String(uidBase + 40_000)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    for await (const chunk of host.stdout) {
      said += String(chunk);
      if (said === 'up\nup\n') break;
    }
    const processes = descendants(host.pid!);
    assert.ok(processes.length >= 8);
    host.kill('SIGKILL');
    await once(host, 'exit');
    await allGone(processes);
    const secret = join(
      tmpdir(),
      `soulbox-canary-${deploymentId}-${hostIdentity().label.replace(/-\d+-/, '-1-')}-01234567`,
    );
    await mkdir(secret);
    const driver = driverWith(test, { deploymentId });
    const { enforced } = await driver.probe({ signal });
    assert.equal(await driver.reconcile(), enforced.memory.startsWith('cgroup') ? 3 : 1);
    assert.equal(await driver.reconcile(), 0);
    assert.ok(!readdirSync(tmpdir()).some((name) => name.includes(deploymentId)));
    await rm(secret, { recursive: true, force: true });
  });
});
