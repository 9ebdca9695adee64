import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, it } from 'node:test';
import type { LanguageInfo, LanguageRuntime } from '@soulbox/plugin-sdk';
import { contextOf, imageFiles } from '../../src/images/context.ts';
import { inParallel } from '../../src/images/in-parallel.ts';
import { languageImages } from '../../src/images/language-images.ts';
import { Latest } from '../../src/images/latest.ts';

describe('the context of a build', () => {
  it('holds the folder and the agent, and is the same each time', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'soulbox-context-'));
    await mkdir(join(folder, 'files'));
    await writeFile(join(folder, 'Dockerfile'), 'FROM scratch\n');
    await writeFile(join(folder, 'files/tool'), 'x');
    await chmod(join(folder, 'files/tool'), 0o755);
    const files = await imageFiles(folder, Buffer.from('program'));
    assert.deepEqual(
      files.map(({ name, content, executable }) => [name, String(content), executable]),
      [
        ['Dockerfile', 'FROM scratch\n', false],
        ['files/tool', 'x', true],
        ['soulbox-agent', 'program', true],
      ],
    );
    const [first, second] = await Promise.all([buffer(await contextOf(files)), buffer(await contextOf(files))]);
    assert.ok(first.equals(second) && first.includes('program'));
    await rm(join(folder, 'Dockerfile'));
    await assert.rejects(imageFiles(folder, Buffer.alloc(0)), { code: 'image_unavailable' });
    await rm(folder, { recursive: true });
    await assert.rejects(imageFiles(folder, Buffer.alloc(0)), { code: 'image_unavailable' });
  });
});

describe('languages with images', () => {
  const canary = { code: '', stdout: '' };
  const runtime = (name: string, more: Partial<LanguageInfo> = {}): LanguageRuntime => ({
    describe: async () => ({
      name,
      aliases: [`${name}-alias`],
      extensions: [],
      version: '',
      available: false,
      reason: 'not on this host',
      paths: [],
      canary,
      image: { reference: `x/${name}`, folder: '/x' },
      ...more,
    }),
    plan: () => Promise.reject(new Error('not asked for')),
  });
  const { image: _, ...bare } = { ...runtime('bare'), image: undefined };
  const withoutImage: LanguageRuntime = {
    ...bare,
    describe: async () => {
      const { image: _image, ...info } = await runtime('bare').describe();
      return info;
    },
  };
  const runtimes = new Map([
    ['two', runtime('two')],
    ['one', runtime('one')],
    ['bare', withoutImage],
  ]);
  const names = async (...given: Parameters<typeof languageImages>) =>
    (await languageImages(...given)).map(({ language }) => language);

  it('are all of them by name, or those asked for by name or alias', async () => {
    assert.deepEqual(await names(runtimes), ['one', 'two']);
    assert.deepEqual(await names(runtimes, ['two-alias']), ['two']);
    assert.deepEqual(await names(runtimes, ['bare']), []);
    assert.deepEqual(await names(new Map()), []);
  });

  it('are not guessed', async () => {
    await assert.rejects(names(runtimes, ['one', 'three']), { code: 'language_unknown', message: /"three"/ });
  });
});

describe('work in parallel', () => {
  it('is done so many at a time, with results in the order of the items', async () => {
    let [now, most] = [0, 0];
    const done = await inParallel([3, 1, 2, 0], 2, async (turns) => {
      most = Math.max(most, ++now);
      for (let at = 0; at < turns; at++) await turn();
      now--;
      return turns;
    });
    assert.deepEqual([done, most], [[3, 1, 2, 0], 2]);
    assert.deepEqual(await inParallel([], 4, () => Promise.resolve(1)), []);
    await assert.rejects(
      inParallel([1], 1, () => Promise.reject(new Error('no'))),
      /no/,
    );
  });
});

describe('the latest of values', () => {
  it('is shown when the one before was taken, and what came between is not', async () => {
    const seen: number[] = [];
    let take = (): void => undefined;
    const latest = new Latest<number>((value) => {
      seen.push(value);
      return new Promise<void>((resolve) => (take = resolve));
    });
    for (const value of [1, 2, 3]) latest.show(value);
    assert.deepEqual(seen, [1]);
    take();
    await turn();
    assert.deepEqual(seen, [1, 3]);
    take();
    await turn();
    latest.show(4);
    assert.deepEqual(seen, [1, 3, 4]);
  });

  it('may meet somebody who takes no more', async () => {
    let calls = 0;
    const latest = new Latest<number>(() => {
      calls += 1;
      return Promise.reject(new Error('gone'));
    });
    latest.show(1);
    await turn();
    latest.show(2);
    await turn();
    assert.equal(calls, 2);
  });
});
