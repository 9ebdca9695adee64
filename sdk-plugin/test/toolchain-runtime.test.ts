import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ToolchainUnusable, toolchainRuntime, type Toolchain } from '@soulbox/plugin-sdk/toolchain';

const about = { name: 'x', aliases: [], extensions: ['.x'], canary: { code: '', stdout: '' } };
const toolchain = { version: '1.2.3', paths: ['/x'] };
const input = { entry: undefined, files: [], args: [] };

function runtimeWith(find: () => Promise<Toolchain>) {
  const details: string[] = [];
  const runtime = toolchainRuntime({
    about,
    find,
    onUnusable: (detail) => details.push(detail),
    plan: (_, { version }) => ({ ok: false, message: version, diagnostics: [] }),
  });
  return { runtime, details };
}

describe('toolchainRuntime', () => {
  test('looks for the toolchain once, for descriptions and plans together', async () => {
    let searches = 0;
    const { runtime } = runtimeWith(async () => {
      searches += 1;
      return toolchain;
    });
    const [first, second, plan] = await Promise.all([runtime.describe(), runtime.describe(), runtime.plan(input)]);
    assert.deepEqual(first, { ...about, ...toolchain, versions: ['1.2.3'], available: true, reason: null });
    assert.deepEqual(second, first);
    assert.deepEqual(plan, { ok: false, message: '1.2.3', diagnostics: [] });
    assert.equal(searches, 1);
  });
  test('an unusable one is described with its reason, refused in plans, and looked for again', async () => {
    let installed = false;
    const { runtime, details } = runtimeWith(async () => {
      if (!installed) throw new ToolchainUnusable('install x', '/secret/path');
      return toolchain;
    });
    const info = await runtime.describe();
    assert.deepEqual(info, { ...about, version: '', versions: [], available: false, reason: 'install x', paths: [] });
    assert.deepEqual(details, ['/secret/path']);
    await assert.rejects(runtime.plan(input), { code: 'language_unavailable', message: 'x: install x' });
    installed = true;
    assert.equal((await runtime.describe()).available, true);
  });
  test('one that boxes would not see is unusable', async () => {
    for (const path of ['/tmp/x/bin/x', '/home/sandbox/x']) {
      const { runtime, details } = runtimeWith(async () => ({ ...toolchain, paths: ['/x', path] }));
      assert.match((await runtime.describe()).reason ?? '', /install it outside \/tmp/);
      assert.deepEqual(details, [path]);
    }
  });
  test('of several the one asked for is used, also by the beginning of its version, else the first', async () => {
    const runtime = toolchainRuntime({
      about,
      find: async () => [
        { version: '2.11.0', paths: ['/usr', '/usr/bin'] },
        { version: '2.1.9', paths: ['/usr'] },
      ],
      onUnusable: () => undefined,
      plan: (_, { version }) => ({ ok: false, message: version, diagnostics: [] }),
    });
    const { version, versions, paths } = await runtime.describe();
    assert.deepEqual(
      { version, versions, paths },
      { version: '2.11.0', versions: ['2.11.0', '2.1.9'], paths: ['/usr'] },
    );
    for (const [asked, used] of [
      ['2', '2.11.0'],
      ['2.1', '2.1.9'],
      ['2.1.9', '2.1.9'],
    ] as const)
      assert.deepEqual(await runtime.plan({ ...input, version: asked }), { ok: false, message: used, diagnostics: [] });
    for (const asked of ['3', '2.1.', ''])
      await assert.rejects(runtime.plan({ ...input, version: asked }), {
        code: 'language_unknown',
        details: { field: 'version', versions: ['2.11.0', '2.1.9'] },
      });
  });
  test('boxes made of an image use the toolchain in it, whether the host has one or not', async () => {
    const image = { reference: 'x:1', folder: '/image' };
    const runtime = toolchainRuntime({
      about,
      find: () => Promise.reject(new ToolchainUnusable('install x')),
      image: { image, toolchain: { version: 'in the image', paths: [] } },
      onUnusable: () => undefined,
      plan: (_, { version }) => ({ ok: false, message: version, diagnostics: [] }),
      diagnose: async (stage) => [{ file: stage, line: 1, column: 1, message: 'wrong' }],
      dependencies: ({ dependencies }, { version }) => ({
        key: `${version} ${dependencies.join()}`,
        files: [],
        stages: [],
        hosts: [],
      }),
    });
    assert.deepEqual((await runtime.describe()).image, image);
    const plan = await runtime.plan({ ...input, toolchain: 'image' });
    assert.deepEqual(plan, { ok: false, message: 'in the image', diagnostics: [] });
    await assert.rejects(runtime.plan(input), { code: 'language_unavailable' });
    assert.equal((await runtime.diagnose?.('run', ''))?.[0]?.file, 'run');
    const wanted = { dependencies: ['a', 'b'] };
    assert.equal((await runtime.dependencies?.({ ...wanted, toolchain: 'image' }))?.key, 'in the image a,b');
    await assert.rejects(runtime.dependencies?.(wanted) ?? assert.fail(), { code: 'language_unavailable' });
  });
  test('any other failure is not disguised', async () => {
    const { runtime } = runtimeWith(() => Promise.reject(new TypeError('bug')));
    await assert.rejects(runtime.describe(), TypeError);
    await assert.rejects(runtime.plan(input), TypeError);
  });
});
