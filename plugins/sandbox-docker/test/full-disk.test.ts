import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DockerDriver } from '../src/driver.ts';
import { noEngine, TestEngine } from './support/engine.ts';
import { never, runScript } from './support/runs.ts';

describe('an engine whose folder is full', { skip: noEngine }, () => {
  let folder: string;
  let engine: TestEngine | undefined;
  let driver: DockerDriver;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'soulbox-full-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', folder]);
    engine = await TestEngine.start({ folder: join(folder, 'engine') });
    driver = engine.driver({ boxes: 'inner' });
  });
  after(async () => {
    await driver?.dispose();
    await engine?.stop();
    execFileSync('umount', ['--lazy', folder]);
    await rm(folder, { recursive: true });
  });

  it('is named as that, with a way out; what runs goes on, and boxes are made again when there is room', async () => {
    const { id } = await driver.create({ paths: [], labels: {} }, { signal: never });
    const filler = join(folder, 'filler');
    await writeFile(filler, Buffer.alloc(80 * 1024 * 1024)).catch(() => undefined);
    await assert.rejects(driver.create({ paths: [], labels: {} }, { signal: never }), {
      code: 'runtime_unavailable',
      message: 'the folder of the Docker engine is full',
    });
    assert.equal((await runScript(driver, id, 'echo on')).stdout, 'on\n');
    await rm(filler);
    await driver.create({ paths: [], labels: {} }, { signal: never });
  });
});
