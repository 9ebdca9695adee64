import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, it } from 'node:test';
import {
  SoulboxError,
  type DependencyPlan,
  type LayerRequest,
  type RunEvent,
  type RunOptions,
  type RunSpec,
  type Verdict,
} from '@soulbox/plugin-sdk';
import { ScriptedDriver } from '@soulbox/plugin-sdk/testing';
import { pack } from 'tar-stream';
import { ConfigSchema } from '../src/config.ts';
import { Layers } from '../src/layers.ts';

/** Builds nothing: tells of the stages as a driver would, and writes an archive with one file in the last. */
class BuildingDriver extends ScriptedDriver {
  verdict: Exclude<Verdict, 'interrupted'> = 'ok';
  content = 'built';
  /** Awaited by every build. */
  held: Promise<unknown> = Promise.resolve();

  override async *run(_box: string, spec: RunSpec, { signal }: RunOptions): AsyncIterable<RunEvent> {
    this.ran.push(spec);
    yield { type: 'stage', name: 'fetch' };
    yield { type: 'stderr', data: Buffer.from('no such package\n') };
    yield { type: 'stdout', data: Buffer.from('fetching\n') };
    const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    if (!signal.aborted) await Promise.race([this.held, aborted]);
    const verdict = signal.aborted ? 'cancelled' : this.verdict;
    if (verdict === 'ok') {
      yield { type: 'stage', name: 'layer' };
      const archive = pack();
      archive.entry({ name: './lib/file' }, this.content);
      archive.finalize();
      yield { type: 'stdout', data: await buffer(archive as AsyncIterable<Buffer>) };
    }
    const { enforced } = this.report;
    const ending = { verdict, exitCode: null, signal: null, stages: [] };
    yield { type: 'end', outcome: { ...ending, truncated: { stdout: false, stderr: false }, enforced } };
  }
}

const plan: DependencyPlan = {
  key: 'tool 1.0',
  files: [{ path: 'list.txt', content: Buffer.from('left-pad') }],
  stages: [{ name: 'fetch', argv: ['/usr/bin/tool', 'install'], env: { HOME: '/home/sandbox' } }],
  hosts: ['pypi.org:443'],
};
const request: LayerRequest = { plan, driver: 'scripted', spec: { paths: ['/usr/bin/tool'] } };
const signal = new AbortController().signal;

describe('layers', () => {
  let folder: string;
  let driver: BuildingDriver;
  let layers: Layers;
  const make = (settings: object = {}) => {
    const config = ConfigSchema.parse(settings);
    const drivers = new Map([['scripted', driver]]);
    return new Layers({ config, folder, drivers, onRefused: () => undefined });
  };
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'soulbox-layers-'));
    driver = new BuildingDriver();
    layers = make();
    await layers.open();
  });
  afterEach(async () => {
    await layers.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('are built in a box of their own with a way out, once for all who ask', async () => {
    const paths = await Promise.all([1, 2, 3].map(() => layers.layer(request, { signal })));
    paths.push(await layers.layer(request, { signal }));
    assert.equal(new Set(paths).size, 1);
    assert.equal(await readFile(join(paths[0]!, 'lib/file'), 'utf8'), 'built');
    assert.equal(driver.ran.length, 1);
    assert.deepEqual([driver.created.length, await driver.list()], [1, []]);
    const [{ stages, files, limits }] = driver.ran as [RunSpec];
    assert.deepEqual(files, plan.files);
    assert.deepEqual(stages[0]?.argv.slice(1, 3), ['relay', '3128']);
    assert.deepEqual(stages[0]?.argv.slice(4), ['/usr/bin/tool', 'install']);
    assert.equal(stages[0]?.env['https_proxy'], 'http://127.0.0.1:3128');
    assert.deepEqual(stages[1]?.argv.slice(1), ['-C', 'layer', '-cf', '-', '.']);
    assert.ok(limits.wallMs > 60_000);
    assert.ok(driver.created[0]?.paths.includes('/usr/bin/tool'));
    assert.deepEqual(await readdir(join(folder, '.building')), []);
  });

  it('are one for each content, toolchain and image', async () => {
    const others: LayerRequest[] = [
      request,
      { ...request, plan: { ...plan, key: 'tool 2.0' } },
      { ...request, plan: { ...plan, files: [{ path: 'list.txt', content: Buffer.from('right-pad') }] } },
      { ...request, plan: { ...plan, stages: [{ ...plan.stages[0]!, env: { A: 'b' } }] } },
      { ...request, spec: { paths: [], image: 'x:1' } },
      { ...request, spec: { paths: [], image: 'x:1' }, digest: 'sha256:1' },
      { ...request, spec: { paths: [], image: 'x:1' }, digest: 'sha256:2' },
    ];
    const paths = [];
    for (const other of others) paths.push(await layers.layer(other, { signal }));
    assert.equal(new Set(paths).size, others.length);
    assert.equal(driver.ran[4]?.stages[0]?.argv[0], '/usr/local/bin/soulbox-agent');
    assert.deepEqual(driver.created[4]?.image, 'x:1');
  });

  it('are still there after a restart, and half of one is not', async () => {
    const path = await layers.layer(request, { signal });
    await mkdir(join(folder, '.building', 'half'));
    const again = make();
    await again.open();
    assert.deepEqual(await readdir(join(folder, '.building')), []);
    assert.equal(await again.layer(request, { signal }), path);
    assert.equal(driver.ran.length, 1);
    await rm(`${path}.size`);
    await writeFile(join(path, 'torn'), 'x');
    await again.layer(request, { signal });
    assert.equal(driver.ran.length, 2);
    assert.ok(!existsSync(join(path, 'torn')));
  });

  it('that cannot be built leave nothing, and say what the package manager said', async () => {
    driver.verdict = 'exit';
    await assert.rejects(layers.layer(request, { signal }), {
      code: 'dependency_failed',
      message: 'the dependencies could not be built: stage fetch ended as exit',
      details: { stage: 'fetch', verdict: 'exit', output: 'no such package\nfetching\n' },
    });
    driver.verdict = 'lost';
    await assert.rejects(layers.layer(request, { signal }), { code: 'sandbox_lost' });
    assert.deepEqual(await readdir(folder), ['.building']);
    assert.deepEqual([await readdir(join(folder, '.building')), await driver.list()], [[], []]);
    driver.verdict = 'ok';
    assert.ok(await layers.layer(request, { signal }), 'a failure is not kept');
  });

  it('that are larger than may be are refused', async () => {
    layers = make({ layerFiles: 1, layerBytes: 1024 * 1024 });
    driver.content = 'x'.repeat(1024 * 1024 + 1);
    await assert.rejects(layers.layer(request, { signal }), { code: 'dependency_failed', message: /larger than/ });
  });

  it('may reach only what the operator allows', async () => {
    layers = make({ allow: ['mirror.example:443'] });
    await assert.rejects(layers.layer(request, { signal }), {
      code: 'dependency_failed',
      details: { host: 'pypi.org:443' },
    });
    assert.equal(driver.ran.length, 0);
  });

  it('go on being built as long as anybody waits', async () => {
    let open = () => {};
    driver.held = new Promise<void>((resolve) => (open = resolve));
    const [one, two] = [new AbortController(), new AbortController()];
    const first = layers.layer(request, { signal: one.signal });
    const second = layers.layer(request, { signal: two.signal });
    while (driver.ran.length === 0) await new Promise((resolve) => setImmediate(resolve));
    one.abort();
    await assert.rejects(first, { code: 'cancelled' });
    open();
    assert.ok(existsSync(await second));
    driver.held = new Promise(() => {});
    const other = { ...request, plan: { ...plan, key: 'other' } };
    const third = new AbortController();
    const alone = layers.layer(other, { signal: third.signal });
    while (driver.ran.length === 1) await new Promise((resolve) => setImmediate(resolve));
    third.abort();
    await assert.rejects(alone, { code: 'cancelled' });
    await layers.close();
    assert.deepEqual(await driver.list(), []);
    await assert.rejects(layers.layer(other, { signal: AbortSignal.abort() }), { code: 'cancelled' });
  });

  it('wait for their turn, so many at most', async () => {
    layers = make({ builds: 1, queue: 1 });
    let open = () => {};
    driver.held = new Promise<void>((resolve) => (open = resolve));
    const with_ = (key: string) => layers.layer({ ...request, plan: { ...plan, key } }, { signal });
    const first = with_('a');
    while (driver.ran.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const second = with_('b');
    await new Promise((resolve) => setTimeout(resolve, 20));
    await assert.rejects(with_('c'), { code: 'overloaded' });
    open();
    await Promise.all([first, second]);
    assert.equal(driver.ran.length, 2);
  });

  it('unused for longest make room for new ones', async () => {
    layers = make({ totalBytes: 1024 * 1024 });
    driver.content = 'x'.repeat(600_000);
    const old = await layers.layer(request, { signal });
    const past = new Date(Date.now() - 3_600_000);
    await utimes(`${old}.size`, past, past);
    const second = await layers.layer({ ...request, plan: { ...plan, key: 'second' } }, { signal });
    assert.ok(!existsSync(old) && existsSync(second));
    const third = await layers.layer({ ...request, plan: { ...plan, key: 'third' } }, { signal });
    assert.ok(existsSync(second) && existsSync(third), 'what was used lately stays');
  });

  it('need a driver that is there', async () => {
    await assert.rejects(layers.layer({ ...request, driver: 'gone' }, { signal }), { code: 'sandbox_unavailable' });
    driver.create = () => Promise.reject(new SoulboxError('sandbox_unavailable', 'no'));
    await assert.rejects(layers.layer(request, { signal }), { code: 'sandbox_unavailable' });
  });
});
