import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ConfigSchema } from '../src/config.ts';
import { findInterpreters } from '../src/interpreter.ts';
import { pyenvInterpreters } from '../src/pyenv.ts';
import { pythonRuntime } from '../src/runtime.ts';

const folder = mkdtempSync(join(tmpdir(), 'soulbox-python-versions-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A version as pyenv lays it. */
function keep(version: string, short: string): string {
  const prefix = join(folder, version);
  for (const path of [
    `lib/python${short}/site-packages/x`,
    `lib/python${short}/json/x`,
    `lib/libpython${short}.so.1.0`,
    'lib/other.so',
  ])
    write(join(prefix, path));
  write(join(prefix, `lib/python${short}/ensurepip/_bundled/pip-23.0-py3-none-any.whl`));
  write(join(prefix, `bin/python${short}`));
  return prefix;
}

function write(path: string): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, '', { mode: 0o755 });
}

describe('versions beside the usual one', () => {
  test('are known by where pyenv keeps them, without a start', () => {
    const prefix = keep('3.12.4', '3.12');
    keep('3.8.2', '3.8'); // too old
    mkdirSync(join(folder, '3.13.0')); // not complete
    mkdirSync(join(folder, 'pypy3.10'));
    const [found, ...others] = pyenvInterpreters(true, folder);
    assert.deepEqual(others, []);
    const [executable, library] = [join(prefix, 'bin/python3.12'), join(prefix, 'lib/python3.12')];
    assert.deepEqual(found, {
      executable,
      version: '3.12.4',
      paths: [executable, join(prefix, 'lib/libpython3.12.so.1.0'), library],
      pip: join(library, 'ensurepip/_bundled/pip-23.0-py3-none-any.whl'),
    });
    const [without] = pyenvInterpreters(false, folder);
    assert.ok(without?.paths.includes(join(library, 'json')));
    assert.ok(!without?.paths.some((path) => path.includes('site-packages') || path === library));
    assert.deepEqual(pyenvInterpreters(true, join(folder, 'nowhere')), []);
  });
  test('are those configured, where some are', async () => {
    const [usual, ...others] = await findInterpreters(ConfigSchema.parse({ versions: [] }));
    assert.deepEqual(others, []);
    const again = await findInterpreters(ConfigSchema.parse({ versions: [usual.executable, '/nowhere/python3'] }));
    assert.deepEqual(again, [usual]);
  });
  test('are used when asked for, and in an image the one in it', async () => {
    const runtime = pythonRuntime(ConfigSchema.parse({}), () => undefined);
    const program = async (more: object) => {
      const plan = await runtime.plan({
        entry: undefined,
        files: [{ path: '', content: Buffer.from('') }],
        args: [],
        ...more,
      });
      return plan.ok ? plan.stages[0] : undefined;
    };
    const { versions = [] } = await runtime.describe();
    assert.equal(new Set(versions).size, versions.length);
    const programs = await Promise.all(versions.map((version) => program({ version })));
    assert.equal(new Set(programs.map((stage) => stage?.argv[0])).size, versions.length);
    await assert.rejects(program({ version: '2.7' }), { code: 'language_unknown' });
    const inImage = await program({ toolchain: 'image', layer: '/layer' });
    assert.equal(inImage?.argv[0], '/usr/bin/python3.11');
    assert.equal(inImage.env['PYTHONPATH'], '/layer');
  });
});
