import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { isSoulboxError } from '@soulbox/plugin-sdk';
import type { DockerDriver } from '../src/driver.ts';
import { image, noEngine, TestEngine } from './support/engine.ts';
import { EngineProxy, type Mishap } from './support/proxy.ts';
import { never, runScript, startScript, until } from './support/runs.ts';

const calls: readonly (readonly [what: string, only: RegExp])[] = [
  ['the question for the image', /^GET \/images/],
  ['create', /^POST \/containers\/create/],
  ['attach', /^POST \/containers\/[^/]+\/attach/],
  ['start', /^POST \/containers\/[^/]+\/start/],
];
const mishaps: readonly Mishap[] = ['stall', 'drop', 'garbage', 'error', 'truncate'];

describe('trouble between host and engine', { skip: noEngine }, () => {
  let engine: TestEngine;
  let proxy: EngineProxy;
  let driver: DockerDriver;
  const makeBox = async (): Promise<string> => (await driver.create({ paths: [], labels: {} }, { signal: never })).id;
  const recovers = (): Promise<void> =>
    until(async () => {
      try {
        await driver.destroy(await makeBox());
        return true;
      } catch {
        return false;
      }
    });

  before(async () => {
    engine = await TestEngine.start();
    proxy = await EngineProxy.start(engine.socket);
    driver = engine.driver({
      host: proxy.host,
      boxes: 'inner',
      callTimeoutMs: 500,
      createTimeoutMs: 1000,
      reconcileMs: 1000,
    });
    await driver.destroy(await makeBox());
  });
  after(async () => {
    proxy?.let();
    await driver?.dispose();
    await proxy?.close();
    await engine?.stop();
  });

  for (const [what, only] of calls)
    for (const mishap of mishaps)
      it(`${mishap} at ${what} is a typed error that tells nothing, and leaves nothing`, async () => {
        await recovers();
        proxy.let(mishap, only);
        await assert.rejects(makeBox(), (thrown: unknown) => {
          assert.ok(isSoulboxError(thrown), String(thrown));
          assert.ok(['runtime_unavailable', 'sandbox_unavailable'].includes(thrown.code), thrown.code);
          assert.ok(!thrown.message.includes('/'), thrown.message);
          assert.ok(Array.isArray(thrown.details?.['advice']));
          return true;
        });
        proxy.let();
        await recovers();
        await until(async () => (await engine.containers()).length === 0);
      });

  it('an answer of another shape is a broken engine', async () => {
    await recovers();
    proxy.let('nonsense', /^GET \/images/);
    await assert.rejects(driver.image(image, { signal: never }), {
      code: 'runtime_unavailable',
      message: 'the Docker engine answered nonsense when it should inspect the image',
    });
    proxy.let();
  });

  it('a slow engine is waited for', async () => {
    await recovers();
    proxy.let('delay');
    const box = await makeBox();
    assert.equal((await runScript(driver, box, 'echo slow')).stdout, 'slow\n');
    await driver.destroy(box);
    proxy.let();
  });

  it('a connection that breaks loses the runs on it, and the container goes', async () => {
    await recovers();
    const box = await makeBox();
    const { ended } = await startScript(driver, box, 'echo up; while :; do sleep 1; done');
    proxy.cut();
    assert.equal((await ended).outcome.verdict, 'lost');
    await driver.destroy(box);
    await until(async () => (await engine.containers()).length === 0);
  });

  it('a removal that fails is made up for', async () => {
    await recovers();
    const box = await makeBox();
    proxy.let('error', /^DELETE/);
    await driver.destroy(box);
    assert.deepEqual(await driver.list(), []);
    proxy.let();
    await until(async () => (await engine.containers()).length === 0);
  });

  it('a caller that gives up leaves nothing', async () => {
    await recovers();
    const controller = new AbortController();
    proxy.let('delay');
    const making = driver.create({ paths: [], labels: {} }, { signal: controller.signal });
    await until(() => proxy.requests.at(-1)?.startsWith('POST /containers/create') === true);
    controller.abort();
    await assert.rejects(making, { code: 'cancelled' });
    proxy.let();
    await until(async () => (await engine.containers()).length === 0);
  });

  it('no request ever asked for more than the allow-list, whatever a client said', async () => {
    await recovers();
    proxy.requests.length = 0;
    const hostile = {
      paths: ['/', '/var/run/docker.sock'],
      labels: { 'soulbox.deployment': 'other', Privileged: 'true' },
      HostConfig: { Binds: ['/:/h'], Privileged: true, PidMode: 'host' },
      volumes: ['/:/h'],
      runtime: 'evil',
      name: '../x',
    };
    const { id, labels } = await driver.create(hostile, { signal: never });
    assert.deepEqual(labels, hostile.labels);
    await driver.destroy(id);
    const created = proxy.requests.filter((request) => request.startsWith('POST /containers/create'));
    assert.equal(created.length, 1);
    assert.match(created[0]!, /"Binds":\[\],"Mounts":\[\],"Devices":\[\],"NetworkMode":"none"/);
    assert.doesNotMatch(created[0]!, /docker\.sock|\/h"|evil|"PidMode"|"Privileged":true|other|\.\.\/x/);
  });

  for (const reference of ['x --privileged', '../../containers/json', 'UPPER/case', '', '/', 'a b', '\u0000', '%2e%2e'])
    it(`an image named ${JSON.stringify(reference)} is not there, and nothing else is asked for`, async () => {
      await recovers();
      proxy.requests.length = 0;
      const spec = { paths: [], labels: {}, image: reference };
      await assert.rejects(driver.create(spec, { signal: never }), { code: 'image_unavailable' });
      assert.ok(
        proxy.requests.every((request) => request.startsWith('GET /images/')),
        proxy.requests.join('\n'),
      );
    });
});
