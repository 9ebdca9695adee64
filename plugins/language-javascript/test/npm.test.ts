import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runPlanUnsandboxed, serveFiles } from '@soulbox/plugin-sdk/testing';
import { ConfigSchema } from '../src/config.ts';
import { javascriptRuntime } from '../src/runtime.ts';

const folder = mkdtempSync(join(tmpdir(), 'soulbox-npm-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A package whose install script would leave a trace. */
function pack(): { manifest: object; tarball: Buffer } {
  const manifest = {
    name: 'demo',
    version: '1.0.0',
    main: 'index.js',
    scripts: { install: 'echo "module.exports = \'a script ran\';" > index.js' },
  };
  mkdirSync(join(folder, 'package'));
  writeFileSync(join(folder, 'package/package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'package/index.js'), "module.exports = 'from the layer';");
  execFileSync('tar', ['czf', 'demo.tgz', 'package'], { cwd: folder });
  return { manifest, tarball: readFileSync(join(folder, 'demo.tgz')) };
}

test('npm puts packages of a registry into the layer, where the program finds them', async () => {
  const { manifest, tarball } = pack();
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  await using server = await serveFiles((url) => ({
    '/demo': JSON.stringify({
      name: 'demo',
      'dist-tags': { latest: '1.0.0' },
      versions: { '1.0.0': { ...manifest, dist: { tarball: `${url}/demo.tgz`, integrity } } },
    }),
    '/demo.tgz': tarball,
  }));
  const runtime = javascriptRuntime(ConfigSchema.parse({ registry: `${server.url}/` }), () => undefined);
  const built = await runtime.dependencies?.({ dependencies: ['demo@1.0.0'] });
  assert.ok(built);
  const code = Buffer.from("import demo from 'demo';\nconsole.log(demo);\n");
  const plan = await runtime.plan({ entry: undefined, files: [{ path: '', content: code }], args: [], layer: 'layer' });
  assert.ok(plan.ok);
  const stages = [...built.stages, ...plan.stages].map((stage) => ({ ...stage, env: { ...stage.env, HOME: folder } }));
  const { stdout, stderr, exitCode } = await runPlanUnsandboxed({
    ok: true,
    files: [...built.files, ...plan.files],
    stages,
  });
  assert.equal(exitCode, 0, Buffer.from(stderr).toString());
  assert.match(Buffer.from(stdout).toString(), /from the layer\n$/);
});
