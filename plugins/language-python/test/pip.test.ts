import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { runPlanUnsandboxed, serveFiles } from '@soulbox/plugin-sdk/testing';
import { ConfigSchema } from '../src/config.ts';
import { pipDependencies } from '../src/pip.ts';
import { pythonRuntime } from '../src/runtime.ts';

const folder = mkdtempSync(join(tmpdir(), 'soulbox-pip-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const makeWheel = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    wheel.writestr("demo.py", "word = 'from the layer'\\n")
    wheel.writestr("demo-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: demo\\nVersion: 1.0\\n")
    wheel.writestr("demo-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr("demo-1.0.dist-info/RECORD", "demo.py,,\\ndemo-1.0.dist-info/METADATA,,\\ndemo-1.0.dist-info/WHEEL,,\\ndemo-1.0.dist-info/RECORD,,\\n")
`;

describe('pip', () => {
  test('puts packages of an index into the layer, where the program finds them', async () => {
    const file = 'demo-1.0-py3-none-any.whl';
    execFileSync('python3', ['-c', makeWheel, join(folder, file)]);
    await using server = await serveFiles(() => ({
      '/simple/demo/': `<a href="/files/${file}">${file}</a>`,
      [`/files/${file}`]: readFileSync(join(folder, file)),
    }));
    const runtime = pythonRuntime(ConfigSchema.parse({ index: `${server.url}/simple/` }), () => undefined);
    const built = await runtime.dependencies?.({ dependencies: ['demo==1.0'] });
    assert.ok(built);
    assert.equal(built.hosts[0], server.url.slice('http://'.length));
    const code = Buffer.from('import demo; print(demo.word)');
    const plan = await runtime.plan({
      entry: undefined,
      files: [{ path: '', content: code }],
      args: [],
      layer: 'layer',
    });
    assert.ok(plan.ok);
    const both = {
      ok: true,
      files: [...built.files, ...plan.files],
      stages: [...built.stages, ...plan.stages],
    } as const;
    const { stdout, stderr, exitCode } = await runPlanUnsandboxed(both);
    assert.equal(exitCode, 0, Buffer.from(stderr).toString());
    assert.equal(Buffer.from(stdout).toString(), 'from the layer\n');
  });

  const config = ConfigSchema.parse({});
  const interpreter = { executable: '/python', version: '3.11.2', paths: [], pip: '/pip.whl' };
  const plan = (dependencies: string[], pip: string | undefined = interpreter.pip) =>
    pipDependencies({ dependencies, toolchain: 'image' }, { ...interpreter, pip }, config);

  test('takes names with extras and versions', () => {
    const dependencies = ['requests', 'requests==2.32.3', 'a[b,c]>=1,<2', 'x~=1.0', 'y===1.0+local', 'z!=1.*'];
    const { stages, hosts, key, paths } = plan(dependencies);
    assert.deepEqual(stages[0]?.argv.slice(-7), ['--', ...dependencies]);
    assert.deepEqual(hosts, ['pypi.org:443', 'files.pythonhosted.org:443']);
    assert.match(key, /3\.11\.2/);
    assert.equal(paths?.[0], '/pip.whl');
  });
  test('takes nothing else', () => {
    for (const bad of [
      '',
      '-r x',
      './x',
      'x.whl@',
      'a @ https://x/y',
      'https://x',
      'a==',
      'a==1,',
      'a;python<3',
      'a b',
    ])
      assert.throws(() => plan([bad]), { code: 'invalid_params' }, bad);
  });
  test('is missed where it is not there', () => {
    assert.throws(() => pipDependencies({ dependencies: ['a'] }, { ...interpreter, pip: undefined }, config), {
      code: 'language_unavailable',
      message: /python3-pip-whl/,
    });
  });
});
