import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SoulboxError, type BoxStats, type SandboxStats } from '@soulbox/plugin-sdk';
import { ScriptedDriver } from '@soulbox/plugin-sdk/testing';
import { scriptedHost, stranger, until } from '../support/scripted-host.ts';

interface Listed {
  readonly sandboxes: { id: string; driver: string; createdAt: string; executions: number; image: unknown }[];
}
interface Used {
  readonly sandboxes: (SandboxStats & { id: string; driver: string; executions: (SandboxStats & { id: string })[] })[];
}

const used = (cpuMs: number): SandboxStats => ({
  at: 1_000 + cpuMs,
  cpuMs,
  memoryBytes: 10,
  peakMemoryBytes: 20,
  processes: 1,
  readBytes: null,
  writtenBytes: 0,
});

/** A driver whose boxes have used one millisecond more each time they are asked. */
class CountingDriver extends ScriptedDriver {
  looks = 0;
  fails: Error | undefined;

  constructor() {
    super();
    this.report = { ...this.report, capabilities: ['stats'] };
  }

  async stats(id: string): Promise<BoxStats> {
    this.looks += 1;
    if (this.fails) throw this.fails;
    if (!(await this.list()).some((box) => box.id === id)) throw new SoulboxError('not_found', 'no such box');
    const runs = Object.fromEntries(this.ran.map((run) => [run.id, used(1)]));
    return { box: used(this.looks), runs };
  }
}

async function start(driver: ScriptedDriver = new CountingDriver()) {
  const host = await scriptedHost({ driver, config: { sandbox: { ready: 0 } } });
  const created = (await host.call('executions.create', { language: 'script', code: 'out x' })) as {
    id: string;
    sandbox: { id: string };
  };
  return { host, driver, execution: created.id, id: created.sandbox.id };
}

describe('boxes.list', () => {
  it('lists the boxes of the caller’s tenant', async () => {
    const { host, id } = await start();
    await using _ = host;
    const { sandboxes } = (await host.call('boxes.list')) as Listed;
    assert.equal(sandboxes.length, 1);
    const { createdAt, ...rest } = sandboxes[0]!;
    assert.ok(!Number.isNaN(Date.parse(createdAt)));
    assert.deepEqual(rest, { id, driver: 'scripted', executions: 0, image: null });
    assert.deepEqual(await host.call('boxes.list', {}, { principal: stranger }), { sandboxes: [] });
  });
});

describe('boxes.stats', () => {
  it('tells what a box and the executions in it use', async () => {
    const { host, id, execution } = await start();
    await using _ = host;
    const expected = {
      sandboxes: [{ id, driver: 'scripted', ...used(1), executions: [{ id: execution, ...used(1) }] }],
    };
    assert.deepEqual(await host.call('boxes.stats'), expected);
    const { sandboxes } = (await host.call('boxes.stats', { id })) as Used;
    assert.equal(sandboxes[0]?.cpuMs, 2);
  });

  it('answers for a foreign box as for one that is not there', async () => {
    const { host, id } = await start();
    await using _ = host;
    assert.deepEqual(await host.call('boxes.stats', {}, { principal: stranger }), { sandboxes: [] });
    const foreign = await host.call('boxes.stats', { id }, { principal: stranger }).catch((error: unknown) => error);
    const unknown = await host
      .call('boxes.stats', { id: 'no' }, { principal: stranger })
      .catch((error: unknown) => error);
    for (const error of [foreign, unknown]) {
      assert.ok(error instanceof SoulboxError);
      assert.deepEqual([error.code, error.message], ['not_found', 'there is no such sandbox']);
    }
  });

  it('says what a driver does not tell', async () => {
    const { host, id } = await start(new ScriptedDriver());
    await using _ = host;
    await assert.rejects(host.call('boxes.stats', { id }), { code: 'unsupported' });
    const { sandboxes } = (await host.call('boxes.stats')) as Used;
    const { at, ...rest } = sandboxes[0]!;
    assert.ok(at > 0);
    const unknown = { cpuMs: null, memoryBytes: null, peakMemoryBytes: null, processes: null };
    assert.deepEqual(rest, { id, driver: 'scripted', ...unknown, readBytes: null, writtenBytes: null, executions: [] });
  });

  it('passes over boxes that have gone, and tells of drivers that fail', async () => {
    const driver = new CountingDriver();
    const { host, id } = await start(driver);
    await using _ = host;
    driver.fails = new SoulboxError('sandbox_lost', 'gone');
    assert.deepEqual(await host.call('boxes.stats'), { sandboxes: [] });
    await assert.rejects(host.call('boxes.stats', { id }), { code: 'not_found' });
    driver.fails = new SoulboxError('plugin_timeout', 'late');
    await assert.rejects(host.call('boxes.stats'), { code: 'plugin_timeout' });
    driver.fails = new TypeError('a bug');
    await assert.rejects(host.call('boxes.stats'), { code: 'internal' });
  });

  it('gives up on a driver that does not answer', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const driver = new CountingDriver();
    const { host } = await start(driver);
    driver.stats = () => {
      driver.looks += 1;
      return new Promise(() => undefined);
    };
    const asked = host.call('boxes.stats');
    const refused = assert.rejects(asked, { code: 'plugin_timeout' });
    while (driver.looks === 0) await new Promise(setImmediate);
    t.mock.timers.tick(10_000);
    await refused;
    t.mock.timers.reset();
    await host.stop();
  });

  it('streams until the box is gone', async () => {
    const driver = new CountingDriver();
    const { host, id } = await start(driver);
    await using _ = host;
    const seen: (number | null)[] = [];
    for await (const item of host.stream('boxes.stats', { id, stream: true, everyMs: 100 })) {
      if ('event' in item) seen.push((item.event as Used).sandboxes[0]!.cpuMs);
      else assert.equal((item.result as Used).sandboxes[0]?.cpuMs, seen.at(-1));
      if (seen.length === 3) await driver.destroy(id);
    }
    assert.deepEqual(seen, [1, 2, 3]);
  });

  it('streams until the caller leaves, or the driver fails', async () => {
    const driver = new CountingDriver();
    const { host } = await start(driver);
    await using _ = host;
    const abort = new AbortController();
    const stream = async (signal?: AbortSignal) => {
      const options = signal ? { signal } : {};
      for await (const item of host.stream('boxes.stats', { stream: true, everyMs: 100 }, options)) void item;
    };
    const left = assert.rejects(stream(abort.signal), { code: 'cancelled' });
    await until(() => driver.looks > 1);
    abort.abort();
    await left;
    const failed = assert.rejects(stream(), { code: 'internal' });
    await until(() => driver.looks > 3);
    driver.fails = new TypeError('a bug');
    await failed;
  });
});
