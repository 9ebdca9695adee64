import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';
import { ConfigSchema } from '../src/config.ts';
import { goRuntime } from '../src/runtime.ts';
import { cache } from './cache.ts';

const folder = mkdtempSync(join(tmpdir(), 'soulbox-modules-'));
const proxy = join(folder, 'proxy');
after(() => {
  // Go takes the right to write from what it unpacks.
  execFileSync('chmod', ['-R', 'u+w', folder]);
  rmSync(folder, { recursive: true });
});

const runtimeWith = (config: object) =>
  goRuntime({
    config: ConfigSchema.parse({ cache, ...config }),
    image: { reference: 'x', folder: '/x' },
    onUnusable: () => undefined,
    signal: new AbortController().signal,
  });
const runtime = runtimeWith({ registry: pathToFileURL(proxy).href, checksums: 'off' });

/** A module as the protocol of proxies wants it: https://go.dev/ref/mod#goproxy-protocol */
function publish(module: string, version: string, mod: string, code: string): void {
  const place = join(proxy, module, '@v');
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'list'), `${version}\n`);
  writeFileSync(join(place, `${version}.info`), JSON.stringify({ Version: version }));
  writeFileSync(join(place, `${version}.mod`), mod);
  const script = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as archive:
    archive.writestr(sys.argv[2] + "/go.mod", sys.argv[3])
    archive.writestr(sys.argv[2] + "/code.go", sys.argv[4])`;
  execFileSync('python3', ['-c', script, join(place, `${version}.zip`), `${module}@${version}`, mod, code]);
}

before(() => {
  publish('example.com/base', 'v1.2.0', 'module example.com/base\n', 'package base\n\nconst Word = "tiny"\n');
  const mod = 'module example.com/tiny\n\nrequire example.com/base v1.2.0\n';
  const code = 'package tiny\n\nimport "example.com/base"\n\nfunc Word() string { return base.Word }\n';
  publish('example.com/tiny', 'v1.0.0', mod, code);
});

/** Builds a layer as a host would, but without walls, and answers with where it is. */
async function layerOf(name: string, dependencies: string[]): Promise<string> {
  const { files, stages } = (await runtime.dependencies?.({ dependencies })) ?? assert.fail();
  const layer = join(folder, name);
  // The folder of the run could not be taken away with parts that nobody may write to.
  const script = 'cp -r layer "$0" && chmod -R u+w layer';
  const keep = { name: 'keep', argv: ['/bin/sh', '-c', script, layer], env: {} };
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

const program =
  'package main\n\nimport (\n\t"fmt"\n\n\t"example.com/tiny"\n)\n\nfunc main() { fmt.Println(tiny.Word()) }\n';

describe('modules', () => {
  test('a program without a go.mod uses what was fetched, with what that needs, offline', async () => {
    const layer = await layerOf('plain', ['example.com/tiny@v1.0.0']);
    execFileSync('chmod', ['-R', 'a-w', layer]);
    assert.equal(await run(layer, { '': program }), 'tiny\n');
  });
  test('a program with a go.mod that requires it does too, without a go.sum', async () => {
    const layer = await layerOf('module', ['example.com/tiny']);
    const mod = 'module x\n\ngo 1.19\n\nrequire example.com/tiny v1.0.0\n';
    assert.equal(await run(layer, { 'go.mod': mod, 'main.go': program }), 'tiny\n');
  });
  test('a module that there is not fails to be fetched, and says so', async () => {
    const plan = (await runtime.dependencies?.({ dependencies: ['example.com/nosuch@v1.0.0'] })) ?? assert.fail();
    const { exitCode, stderr } = await runPlanUnsandboxed({ ok: true, files: plan.files, stages: plan.stages });
    assert.notEqual(exitCode, 0);
    assert.match(Buffer.from(stderr).toString(), /nosuch/);
  });
  test('the hosts are those of the proxy and of the checksums', async () => {
    const hosts = async (config: object) =>
      (await runtimeWith(config).dependencies?.({ dependencies: ['a.b/c'] }))?.hosts;
    assert.deepEqual(await hosts({}), ['proxy.golang.org:443', 'sum.golang.org:443']);
    assert.deepEqual(await hosts({ registry: 'http://x.example', checksums: 'off' }), ['x.example:80']);
    assert.deepEqual(await hosts({ registry: 'file:///x', checksums: 'off' }), []);
  });
  test('what is not written as for Go is refused', async () => {
    for (const dependency of ['', '-u', 'fmt', './x', 'a.b/c@v1 d', 'a.b/c@-x y', 'https://a.b/c', 'a.b/../c@v1;x'])
      await assert.rejects(runtime.dependencies?.({ dependencies: ['a.b/c', dependency] }) ?? assert.fail(), {
        code: 'invalid_params',
        message: /^dependencies\.1: must be written like github\.com/,
      });
  });
});
