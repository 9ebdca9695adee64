import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'node:test';
import { hostIdentity } from '@soulbox/plugin-sdk/agent';
import { image, noEngine, TestEngine } from './support/engine.ts';
import { never, until } from './support/runs.ts';

/** 200 show the promise; fewer show that it is still kept. */
const kills = Number(process.env['SOULBOX_DOCKER_KILLS'] ?? 8);
const deploymentId = `reconcile${process.pid}`;
const doomedHost = fileURLToPath(new URL('support/doomed-host.js', import.meta.url));

describe('containers that are left', { skip: noEngine }, () => {
  let engine: TestEngine;
  const plant = async (name: string, labels: Record<string, string>): Promise<void> => {
    const options = Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
    await engine.docker('create', '--name', name, '--network', 'none', ...options, image, '/bin/sleep', '1');
  };
  const machine = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  const living = hostIdentity().label;
  const dead = living.replace(/^h(\d+)-(\d+)/, 'h$1-1');
  const labels = (over: Record<string, string>): Record<string, string> => ({
    'soulbox.deployment': deploymentId,
    'soulbox.owner': dead,
    'soulbox.machine': machine,
    'soulbox.instance': 'another',
    'soulbox.expires': String(Date.now() + 3_600_000),
    ...over,
  });

  before(async () => (engine = await TestEngine.start()));
  after(() => engine?.stop());

  it('go if their maker is dead or cannot be seen and their time is over; nothing else does', async () => {
    const past = String(Date.now() - 1000);
    await plant('of-the-dead', labels({}));
    // One that stays, and that no record is of.
    await plant('of-the-dead-for-good', labels({ 'soulbox.stays': 'sb01' }));
    await plant('expired-elsewhere', labels({ 'soulbox.machine': 'another', 'soulbox.expires': past }));
    const kept: Record<string, Record<string, string>> = {
      'of-another-deployment': labels({ 'soulbox.deployment': `${deploymentId}x` }),
      'of-the-living': labels({ 'soulbox.owner': living }),
      'of-the-living-and-expired': labels({ 'soulbox.owner': living, 'soulbox.expires': past }),
      'of-another-machine': labels({ 'soulbox.machine': 'another' }),
      'with-a-broken-expiry': labels({ 'soulbox.machine': 'another', 'soulbox.expires': 'soon' }),
      'soulbox-without-labels': {},
    };
    for (const [name, marks] of Object.entries(kept)) await plant(name, marks);
    const driver = engine.driver({}, deploymentId);
    try {
      assert.equal(await driver.reconcile(), 3);
      assert.equal(await driver.reconcile(), 0);
      assert.deepEqual(await engine.containers(), Object.keys(kept).toSorted());
    } finally {
      await driver.dispose();
      await engine.docker('rm', '--force', ...(await engine.containers()));
    }
  });

  it('are not those of another driver in the same process, nor of a second host', async () => {
    const [one, other] = [engine.driver({}, deploymentId), engine.driver({}, deploymentId)];
    try {
      await one.create({ paths: [], labels: {} }, { signal: never });
      assert.equal(await other.reconcile(), 0);
      assert.equal((await engine.containers()).length, 1);
    } finally {
      await one.dispose();
      await other.dispose();
    }
    assert.deepEqual(await engine.containers(), []);
  });

  it(`are none after ${kills} kills of hosts that were making them, and a foreign one survives`, async () => {
    await plant('foreign', { 'soulbox.deployment': 'foreign' });
    for (let round = 0; round < kills; round++) {
      const host = spawn(process.execPath, [doomedHost, engine.host, image, deploymentId], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(host.stdout, 'data');
      // Over the time that two boxes take, so that some die in each step of it.
      await sleep((round * 37) % 600);
      host.kill('SIGKILL');
      await once(host, 'exit');
    }
    const driver = engine.driver({ reconcileMs: 1000 }, deploymentId);
    try {
      await driver.reconcile();
      await until(async () => (await engine.containers()).join() === 'foreign');
      assert.equal(await engine.docker('volume', 'ls', '--quiet'), '');
      assert.equal((await engine.docker('network', 'ls', '--format', '{{.Name}}')).split('\n').includes('none'), true);
      assert.equal(await engine.docker('network', 'ls', '--quiet', '--filter', 'type=custom'), '');
    } finally {
      await driver.dispose();
    }
  });
});
