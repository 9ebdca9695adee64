import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { runPlanUnsandboxed, serveFiles } from '@soulbox/plugin-sdk/testing';
import { ConfigSchema } from '../src/config.ts';
import { cratesPlan } from '../src/dependencies.ts';
import { rustRuntime } from '../src/runtime.ts';
import { imageToolchain } from '../src/toolchains.ts';
import { registryFiles } from './crate-registry.ts';

const registry = await serveFiles(registryFiles);
const folder = mkdtempSync(join(tmpdir(), 'soulbox-crates-'));
after(async () => {
  await registry[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const runtimeWith = (config: object) =>
  rustRuntime({
    config: ConfigSchema.parse(config),
    image: { reference: 'x', folder: '/x' },
    onUnusable: () => undefined,
  });
const runtime = runtimeWith({ registry: registry.url });

/** Builds a layer as a host would, but without walls, and answers with where it is. */
async function layerOf(name: string, dependencies: string[]): Promise<string> {
  const { files, stages } = (await runtime.dependencies?.({ dependencies })) ?? assert.fail();
  const layer = join(folder, name);
  const keep = { name: 'keep', argv: ['/bin/cp', '-r', 'layer', layer], env: {} };
  const { exitCode, stderr } = await runPlanUnsandboxed({ ok: true, files, stages: [...stages, keep] });
  assert.equal(exitCode, 0, Buffer.from(stderr).toString());
  return layer;
}

async function run(layer: string, files: Record<string, string>): Promise<string> {
  const input = Object.entries(files).map(([path, text]) => ({ path, content: Buffer.from(text) }));
  const plan = await runtime.plan({ entry: undefined, files: input, args: [], layer });
  assert.ok(plan.ok);
  const { stdout, stderr } = await runPlanUnsandboxed(plan);
  return Buffer.from(stdout).toString() + Buffer.from(stderr).toString();
}

const code = 'fn main() { println!("{}", tiny::word()); }\n';

describe('crates', () => {
  test('a program without a package uses what was fetched, offline', async () => {
    assert.equal(await run(await layerOf('plain', ['tiny@1.0.0']), { '': code }), 'tiny\n');
    const layer = await layerOf('loud', ['tiny --features loud']);
    assert.equal(await run(layer, { 'odd "name".rs': code }), 'TINY\n');
  });
  test('a package finds them too', async () => {
    const layer = await layerOf('package', ['tiny@1']);
    const manifest = '[package]\nname = "x"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\ntiny = "1.0"\n';
    assert.equal(await run(layer, { 'Cargo.toml': manifest, 'src/main.rs': code }), 'tiny\n');
  });
  test('a crate that there is not fails to be fetched, and says so', async () => {
    const { files, stages } = (await runtime.dependencies?.({ dependencies: ['nosuch@1.0.0'] })) ?? assert.fail();
    const { exitCode, stderr } = await runPlanUnsandboxed({ ok: true, files, stages });
    assert.notEqual(exitCode, 0);
    assert.match(Buffer.from(stderr).toString(), /nosuch/);
  });
  test('the hosts are those of the index and of what it sends to', async () => {
    const hosts = async (config: object) => (await runtimeWith(config).dependencies?.({ dependencies: ['a'] }))?.hosts;
    assert.deepEqual(await hosts({}), ['index.crates.io:443', 'static.crates.io:443']);
    assert.deepEqual(await hosts({ registry: registry.url, registryHosts: ['x.example:8443'] }), [
      new URL(registry.url).host,
      'x.example:8443',
    ]);
  });
  test('without Cargo, or with one too old for the index, they are refused with advice', () => {
    const toolchain = { ...imageToolchain(), version: '1.63.0' };
    for (const unable of [toolchain, { ...toolchain, version: '1.90.0', cargo: undefined }])
      assert.throws(() => cratesPlan({ dependencies: ['tiny'] }, unable, ConfigSchema.parse({})), {
        code: 'language_unavailable',
        message: /install Cargo 1\.68/,
      });
  });
  test('what is not written as for Cargo is refused', async () => {
    for (const dependency of ['', '-x', 'a b', 'a@1" }', 'a@1\n[x]', 'a --git https://x', '../x', 'a --features "x"'])
      await assert.rejects(runtime.dependencies?.({ dependencies: ['tiny', dependency] }) ?? assert.fail(), {
        code: 'invalid_params',
        message: /^dependencies\.1: must be written like serde@/,
      });
  });
});
