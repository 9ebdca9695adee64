import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SandboxDriver, SoulboxError } from '@soulbox/plugin-sdk';
import { createTestHost } from '@soulbox/plugin-sdk/testing';
import { DockerDriver, SettingsSchema } from '../src/driver.ts';
import plugin from '../src/index.ts';
import { image, noEngine, TestEngine } from './support/engine.ts';
import { EngineProxy } from './support/proxy.ts';
import { never, runScript, until } from './support/runs.ts';

const absent = 'unix:///nonexistent/docker.sock';

describe('without an engine', () => {
  const driver = new DockerDriver({ deploymentId: 'none', settings: SettingsSchema.parse({ host: absent }) });
  after(() => driver.dispose());

  it('the driver says so, and what to do', async () => {
    const { available, reason, advice, toolchains } = await driver.probe({ signal: never });
    assert.deepEqual(
      { available, reason, toolchains },
      { available: false, reason: 'there is no Docker engine at the configured address', toolchains: 'image' },
    );
    assert.match(advice.join(), /Start the engine/);
  });

  it('has nothing to clear up, and is not ill where there never was an engine', async () => {
    const idle = new DockerDriver({ deploymentId: 'none', settings: SettingsSchema.parse({ host: absent }) });
    assert.equal(await idle.reconcile(), 0);
    assert.equal((await idle.health()).status, 'up');
    await idle.dispose();
    assert.equal((await driver.health()).status, 'up', 'also after somebody wanted a box');
  });

  it('no sandbox is there', async () => {
    assert.deepEqual(await driver.list(), []);
    await driver.destroy('dk00');
    await assert.rejects(runScript(driver, 'dk00', ':'), { code: 'not_found' });
  });

  it('a deployment must have a name that can be a label', () => {
    for (const deploymentId of ['', 'a b', '../x', 'x'.repeat(65)])
      assert.throws(() => new DockerDriver({ deploymentId, settings: SettingsSchema.parse({}) }), {
        code: 'config_invalid',
      });
  });
});

describe('the driver', { skip: noEngine }, () => {
  let engine: TestEngine;
  before(async () => (engine = await TestEngine.start()));
  after(() => engine?.stop());

  it('is the plugin’s, named docker, and stops with its boxes', async () => {
    const host = await createTestHost({
      plugins: { 'sandbox-docker': { plugin, config: { host: engine.host, image } } },
    });
    try {
      const driver = host.service<SandboxDriver>(SandboxDriver, 'docker');
      assert.ok(driver);
      await driver.create({ paths: [], labels: {} }, { signal: never });
      assert.equal((await engine.containers()).length, 1);
      await host.stop();
      assert.deepEqual(await engine.containers(), []);
    } finally {
      await host.stop();
    }
  });

  it('makes its own image for the canary, finds that inner boxes work, and tells what holds', async () => {
    const driver = engine.driver({ image: undefined });
    try {
      const report = await driver.probe({ signal: never });
      assert.deepEqual([report.available, report.reason, report.advice, report.toolchains], [true, null, [], 'image']);
      assert.deepEqual(report.enforced, {
        level: 'standard',
        namespaces: 'user,pid,mount,ipc,net,uts,cgroup',
        user: 'box-uid',
        filesystem: 'pivot-root,read-only',
        network: 'none',
        seccomp: 'filter',
        memory: 'rlimit,watchdog,container',
        processes: 'rlimit,watchdog,container',
        cpu: 'rlimit,watchdog',
        disk: 'tmpfs',
        output: 'agent',
        wall: 'agent',
      });
    } finally {
      await driver.dispose();
    }
  });

  it('gives each execution a container of its own where inner boxes are forbidden, and says so', async () => {
    const proxy = await EngineProxy.start(engine.socket);
    proxy.let('forbid', /^POST \/containers\/create/);
    const driver = engine.driver({ host: proxy.host });
    try {
      const report = await driver.probe({ signal: never });
      assert.deepEqual([report.available, report.enforced.level], [true, 'weak']);
      assert.match(report.advice.join(), /a container of its own/);
      const { id } = await driver.create({ paths: [], labels: {} }, { signal: never });
      const used = new Set<string>();
      for (let round = 0; round < 3; round++) {
        const before = await engine.containers();
        const { stdout, outcome } = await runScript(
          driver,
          id,
          'cat planted 2>/dev/null; echo clean; echo dirt > planted',
        );
        assert.deepEqual([stdout, outcome.verdict, outcome.enforced.level], ['clean\n', 'ok', 'weak']);
        assert.equal(outcome.enforced.namespaces, 'pid,mount,ipc,net,uts');
        for (const name of before) used.add(name);
      }
      assert.ok(used.size >= 3);
      await driver.destroy(id);
      await until(async () => (await engine.containers()).length === 0);
    } finally {
      await driver.dispose();
      await proxy.close();
    }
  });

  it('tells what it knows of an image, and of what a box was made', async () => {
    const driver = engine.driver();
    try {
      const report = await driver.image(image, { signal: never });
      assert.deepEqual([report.available, report.reason], [true, null]);
      assert.match(report.digest!, /^sha256:[0-9a-f]{64}$/);
      const info = await driver.create({ paths: [], labels: { a: 'b' }, image }, { signal: never });
      assert.deepEqual([info.image, info.labels], [{ reference: image, digest: report.digest }, { a: 'b' }]);
      const missing = await driver.image('soulbox/missing:1', { signal: never });
      assert.deepEqual([missing.available, missing.digest], [false, null]);
      assert.match(missing.reason!, /soulbox images build/);
    } finally {
      await driver.dispose();
    }
  });

  it('is not available without the runtime that the operator wants', async () => {
    const driver = engine.driver({ runtime: 'runsc' });
    const { available, reason, advice } = await driver.probe({ signal: never });
    assert.equal(available, false);
    assert.match(reason!, /does not have the runtime "runsc"/);
    assert.match(advice.join(), /Install it/);
    await driver.dispose();
  });

  for (const [what, content, says] of [
    ['has no agent', undefined, /no agent that can be run/],
    [
      'has an agent for another machine',
      Buffer.concat([Buffer.from('\x7fELF\x02\x01\x01'), Buffer.alloc(200)]),
      /architecture/,
    ],
    ['has something else for an agent', '#!/bin/sh\necho no protocol\n', /did not answer/],
    ['has an agent that waits for ever', '#!/bin/sh\nexec sleep 60\n', /did not answer/],
  ] as const)
    it(`names the fault of an image that ${what}`, async () => {
      const name = `soulbox/broken-${what.replaceAll(' ', '-')}`;
      const base = await engine.docker('create', '--network', 'none', image, '/bin/true');
      const folder = await mkdtemp(join(tmpdir(), 'soulbox-broken-'));
      const driver = engine.driver({ boxes: 'inner', createTimeoutMs: 1500 });
      try {
        const root = join(folder, 'root.tar');
        await engine.docker('export', '--output', root, base);
        const build =
          'mkdir r && tar -xf root.tar -C r && rm r/usr/local/bin/soulbox-agent' +
          (content === undefined
            ? ''
            : ' && cat > r/usr/local/bin/soulbox-agent && chmod 755 r/usr/local/bin/soulbox-agent') +
          ' && tar -cf root.tar -C r .';
        execFileSync('sh', ['-c', build], { cwd: folder, input: content ?? '' });
        await engine.docker('import', '--change', 'USER 10001', root, name);
        await assert.rejects(
          driver.create({ paths: [], labels: {}, image: name }, { signal: never }),
          (thrown: unknown) => {
            assert.ok(thrown instanceof SoulboxError);
            assert.match(thrown.message, says);
            assert.ok(['image_unavailable', 'sandbox_unavailable'].includes(thrown.code));
            return true;
          },
        );
        await driver.dispose();
        await engine.docker('rm', base);
        assert.deepEqual(await engine.containers(), []);
      } finally {
        await driver.dispose();
        await rm(folder, { recursive: true, force: true });
      }
    });
});
