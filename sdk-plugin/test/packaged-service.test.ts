import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Cache } from '@soulbox/plugin-sdk';
import { packagedService } from '@soulbox/plugin-sdk/testing';

async function withPlugin(setup: string, body: (folder: URL) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'soulbox-packaged-'));
  try {
    const token = `{ id: 'cache', version: '1.0.0', kind: 'many', key: Symbol.for('soulbox/cache@1') }`;
    const code = `const Cache = ${token}; export default { $soulbox: 1, definition: { id: 'p', provides: [Cache], setup(context) { ${setup} } } };`;
    await writeFile(join(folder, 'index.js'), code);
    const soulbox = { id: 'p', isolation: ['inline', 'process'] };
    const manifest = { name: 'p', version: '1.0.0', type: 'module', exports: './index.js', soulbox };
    await writeFile(join(folder, 'package.json'), JSON.stringify({ ...manifest, engines: { soulbox: '^1.0.0' } }));
    await body(pathToFileURL(folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test('a service is had from its package, inline and out of another process', () =>
  withPlugin(
    `context.provide(Cache, { get: async () => new Uint8Array([process.pid & 255]) }, 'c');`,
    async (folder) => {
      for (const isolation of ['inline', 'process'] as const) {
        const packaged = await packagedService<Cache>({ folder, isolation, token: Cache, name: 'c' });
        const own = (await packaged.service.get('x'))?.[0] === (process.pid & 255);
        assert.equal(packaged.host.host.plugins.find(({ id }) => id === 'subject')?.checked?.isolation, isolation);
        assert.ok(isolation === 'process' || own);
        await packaged.dispose();
      }
    },
  ));

test('a plugin that does not come up, or provides something else, says so', async () => {
  await withPlugin(`throw new Error('no disk');`, (folder) =>
    assert.rejects(packagedService({ folder, isolation: 'inline', token: Cache, name: 'c' }), /no disk/),
  );
  await withPlugin(`context.provide(Cache, {}, 'other');`, (folder) =>
    assert.rejects(packagedService({ folder, isolation: 'inline', token: Cache, name: 'c' }), {
      code: 'capability_missing',
    }),
  );
});
