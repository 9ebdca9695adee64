import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { isSoulboxError } from '@soulbox/plugin-sdk';
import type { DockerDriver } from '../src/driver.ts';
import { noEngine, TestEngine } from './support/engine.ts';
import { never, runScript, startScript, until } from './support/runs.ts';

const forever = 'echo up; while :; do sleep 1; done';

describe('a Docker engine that fails', { skip: noEngine }, () => {
  let engine: TestEngine;
  let driver: DockerDriver;
  const makeBox = async (): Promise<string> => (await driver.create({ paths: [], labels: {} }, { signal: never })).id;
  const stateOf = async (id: string): Promise<string | undefined> =>
    (await driver.list()).find((box) => box.id === id)?.state;

  before(async () => {
    engine = await TestEngine.start();
    driver = engine.driver({ boxes: 'inner', callTimeoutMs: 2000, graceMs: 2000, reconcileMs: 1000 });
  });
  after(async () => {
    await driver?.dispose();
    await engine?.stop();
  });

  it('loses the run under way when its container is removed, and the box counts as dead at once', async () => {
    const box = await makeBox();
    const { ended } = await startScript(driver, box, forever);
    await engine.docker('rm', '--force', (await engine.containers())[0]!);
    assert.equal((await ended).outcome.verdict, 'lost');
    assert.equal(await stateOf(box), 'exited');
    assert.equal((await runScript(driver, box, 'echo no')).outcome.verdict, 'lost');
    await driver.destroy(box);
    assert.deepEqual(await engine.containers(), []);
  });

  it('shows a box as dead that died while nothing ran in it', async () => {
    const box = await makeBox();
    await engine.docker('kill', (await engine.containers())[0]!);
    await until(async () => (await stateOf(box)) === 'exited');
    await driver.destroy(box);
  });

  it('holds the wall from outside when the agent stands still', async () => {
    const box = await makeBox();
    const { ended } = await startScript(driver, box, forever);
    await engine.docker('pause', (await engine.containers())[0]!);
    const health = await driver.health();
    assert.deepEqual(health, { status: 'degraded', detail: 'sandboxes that died: 1' });
    assert.equal((await ended).outcome.verdict, 'lost');
    await driver.destroy(box);
    assert.deepEqual(await engine.containers(), []);
  });

  it('loses runs when it is killed, says so, and takes up work and clears up when it is back', async () => {
    const box = await makeBox();
    const { ended } = await startScript(driver, box, forever);
    engine.signal('SIGKILL');
    const { outcome } = await ended;
    assert.equal(outcome.verdict, 'lost');
    await assert.rejects(makeBox(), { code: 'runtime_unavailable' });
    assert.equal((await driver.health()).status, 'down');
    await driver.destroy(box);
    await engine.startAgain();
    await until(async () => (await driver.health().catch(() => undefined)) !== undefined && (await canMake()));
    await until(async () => (await engine.containers()).length === 0);
    assert.equal((await driver.health()).status, 'up');
  });

  it('answers within its deadlines while it stands still, and reaps what it made too late', async () => {
    engine.signal('SIGSTOP');
    await assert.rejects(makeBox(), (thrown: unknown) => {
      assert.ok(isSoulboxError(thrown));
      assert.deepEqual([thrown.code, thrown.entry.retryable], ['runtime_unavailable', true]);
      assert.ok(Array.isArray(thrown.details?.['advice']));
      return true;
    });
    await assert.rejects(makeBox(), { code: 'runtime_unavailable' });
    assert.equal((await driver.health()).status, 'down');
    assert.equal(await driver.reconcile(), 0);
    engine.signal('SIGCONT');
    await until(canMake);
    await until(async () => (await engine.containers()).length === 0);
  });

  async function canMake(): Promise<boolean> {
    try {
      await driver.destroy(await makeBox());
      return true;
    } catch (error) {
      if (isSoulboxError(error) && error.code === 'runtime_unavailable') return false;
      throw error;
    }
  }
});
