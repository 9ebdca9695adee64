import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Cache, Store } from '@soulbox/plugin-sdk';
import { bothWays, type PluginWay } from '@soulbox/plugin-sdk/conformance';
import { runFixture } from './support/run-fixture.ts';

const top = await mkdtemp(join(tmpdir(), 'soulbox-both-ways-'));
after(() => rm(top, { recursive: true, force: true }));

const sdk = JSON.stringify(import.meta.resolve('@soulbox/plugin-sdk'));

async function writePlugin(name: string, soulbox: object, setup: string): Promise<URL> {
  const folder = await mkdtemp(join(top, `${name}-`));
  const code = `import { Cache, definePlugin } from ${sdk};
    export default definePlugin({ id: '${name}', provides: [Cache], setup(context) { ${setup} } });`;
  const manifest = { name, version: '1.0.0', type: 'module', exports: './index.js', engines: { soulbox: '^1.0.0' } };
  await writeFile(join(folder, 'index.js'), code);
  await writeFile(join(folder, 'package.json'), JSON.stringify({ ...manifest, soulbox: { id: name, ...soulbox } }));
  return pathToFileURL(`${folder}/`);
}

const both = { isolation: ['inline', 'process'] };
const cache = `const nothing = async () => {};
  const get = async () => Buffer.from(String(process.pid));
  context.provide(Cache, { get, set: nothing, delete: nothing }, 'any-name');`;
const good = await writePlugin('good', both, cache);

bothWays(good, (way) => {
  test(`${way.label}: its service comes from the process that it should`, async () => {
    const other = await writePlugin('other', both, cache.replace('any-name', 'other-name'));
    const plugins = { other: { folder: other.pathname } };
    const { cache: service, host, dispose } = await way.start({ cache: Cache }, { plugins });
    const pid = Buffer.from((await service.get('')) ?? []).toString();
    assert.equal(pid === String(process.pid), way.isolation === 'inline');
    assert.equal(way.isolated?.href, way.isolation === 'process' ? good.href : undefined);
    assert.equal(host.host.plugins.find(({ id }) => id === way.id)?.state, 'active');
    await dispose();
    assert.equal(host.host.state, 'stopped');
  });
  test(`${way.label}: what it does not provide is missing, whoever else provides it`, async () => {
    await assert.rejects(way.start({ store: Store }), { code: 'capability_missing' });
  });
});

test('a plugin that fails says why', async () => {
  const ways: PluginWay[] = [];
  bothWays(await writePlugin('failing', {}, `throw new Error('no disk');`), (way) => void ways.push(way));
  const [inline = assert.fail()] = ways;
  await assert.rejects(inline.start({ cache: Cache }), /no disk/);
  bothWays(await writePlugin('idle', {}, `context.skip('not here')`), (way) => void ways.push(way));
  await assert.rejects(ways.at(-1)!.start({ cache: Cache }), { code: 'capability_missing' });
});

test('a way that the manifest forbids is skipped aloud, and one that is not wanted is left out', async () => {
  const all = await runFixture('two-ways', { PLUGIN: good.href });
  assert.deepEqual(all.passed, ['runs inline', 'runs isolated'], all.output);
  const only = await runFixture('two-ways', { PLUGIN: good.href, SOULBOX_CONFORMANCE_ISOLATION: 'process' });
  assert.deepEqual(only.passed, ['runs isolated'], only.output);
  const bound = await writePlugin('bound', { isolation: ['process'] }, '');
  const some = await runFixture('two-ways', { PLUGIN: bound.href });
  assert.deepEqual(some.passed, ['runs isolated'], some.output);
  assert.match(some.output, /inline # SKIP the manifest allows only process/);
});
