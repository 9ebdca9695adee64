import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { runPlanUnsandboxed, serveFiles } from '@soulbox/plugin-sdk/testing';
import { composerDependencies } from '../src/composer.ts';
import { ConfigSchema } from '../src/config.ts';
import { phpRuntime } from '../src/runtime.ts';

const folder = mkdtempSync(join(tmpdir(), 'soulbox-composer-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const makeZip = `
$zip = new ZipArchive();
$zip->open($argv[1], ZipArchive::CREATE);
$zip->addFromString('demo/composer.json', '{"name": "demo/demo"}');
$zip->addFromString('demo/src/Word.php', '<?php namespace Demo; class Word { const IT = "from the layer"; }');
$zip->close();
`;

describe('Composer', () => {
  test('puts packages of a repository into the layer, where the program finds them', async () => {
    const zip = join(folder, 'demo.zip');
    execFileSync('php', ['-r', makeZip, zip]);
    await using server = await serveFiles((url) => ({
      '/packages.json': JSON.stringify({
        packages: {
          'demo/demo': {
            '1.0.0': {
              name: 'demo/demo',
              version: '1.0.0',
              dist: { type: 'zip', url: `${url}/demo.zip` },
              autoload: { 'psr-4': { 'Demo\\': 'src/' } },
            },
          },
        },
      }),
      '/demo.zip': readFileSync(zip),
    }));
    const runtime = phpRuntime(ConfigSchema.parse({ repository: server.url }), () => undefined);
    const built = await runtime.dependencies?.({ dependencies: ['demo/demo:^1.0'] });
    assert.ok(built);
    const code = Buffer.from("<?php\nrequire __DIR__ . '/vendor/autoload.php';\necho Demo\\Word::IT;\n");
    const plan = await runtime.plan({
      entry: undefined,
      files: [{ path: '', content: code }],
      args: [],
      layer: 'layer',
    });
    assert.ok(plan.ok);
    const stages = [...built.stages, ...plan.stages].map((stage) => ({
      ...stage,
      env: { ...stage.env, HOME: folder },
    }));
    const { stdout, stderr, exitCode } = await runPlanUnsandboxed({
      ok: true,
      files: [...built.files, ...plan.files],
      stages,
    });
    assert.equal(exitCode, 0, Buffer.from(stderr).toString() + Buffer.from(stdout).toString());
    assert.equal(Buffer.from(stdout).toString(), 'from the layer');
  });

  const interpreter = {
    executable: '/php',
    version: '8.2.1',
    paths: [],
    extensions: ['zip'],
    composer: { script: '/composer', paths: ['/composer'] },
  };
  const plan = (dependencies: string[], more: object = {}) =>
    composerDependencies({ dependencies, toolchain: 'image' }, { ...interpreter, ...more }, ConfigSchema.parse({}));

  test('takes names with constraints', () => {
    const { files, hosts, key, paths } = plan(['monolog/monolog:3.7', 'a/b', 'c-d/e.f:^1.0 || ~2']);
    const { require, config } = JSON.parse(Buffer.from(files[0]?.content ?? []).toString());
    assert.deepEqual(require, { 'monolog/monolog': '3.7', 'a/b': '*', 'c-d/e.f': '^1.0 || ~2' });
    assert.deepEqual(config, { 'allow-plugins': false, 'secure-http': true });
    assert.deepEqual(hosts, ['repo.packagist.org:443', 'api.github.com:443', 'codeload.github.com:443']);
    assert.match(key, /8\.2\.1/);
    assert.equal(paths?.[0], '/composer');
  });
  test('takes nothing else', () => {
    for (const bad of ['', '-x', 'php', 'A/b', './x/y', 'https://x/y', 'a/b:', 'a/b:dev-x#y', 'a/b:"x"', 'a/b/c'])
      assert.throws(() => plan([bad]), { code: 'invalid_params' }, bad);
  });
  test('is missed where it or what it needs is not there', () => {
    assert.throws(() => plan(['a/b'], { composer: undefined }), { message: /install composer/ });
    assert.throws(() => plan(['a/b'], { extensions: [] }), { message: /php-zip/ });
  });
});
