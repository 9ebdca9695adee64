import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { keptAnswer, type Answer } from '../src/toolchain/kept-answers.ts';

describe('answers of toolchains that are kept', () => {
  let folder: string;
  let program: string;
  let library: string;
  let asked: number;
  let answer: Answer;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'soulbox-kept-'));
    program = join(folder, 'lisp');
    library = join(folder, 'library');
    await writeFile(program, 'one');
    await mkdir(library);
    asked = 0;
    answer = { stdout: `{"version":"1.2","library":"${library}"}`, stderr: `ignoring nonexistent ${folder}/absent\n` };
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const ask = (args: readonly string[] = [], env: Record<string, string> = {}, where = join(folder, 'kept')) =>
    keptAnswer(
      { file: program, args, env },
      async () => {
        asked += 1;
        return answer;
      },
      where,
    );

  it('are the same as before, without asking again', async () => {
    assert.deepEqual(await ask(), answer);
    assert.deepEqual(await ask(), answer);
    assert.equal(asked, 1);
    const [file = ''] = await readdir(join(folder, 'kept'));
    assert.equal((await stat(join(folder, 'kept', file))).mode & 0o777, 0o600);
    assert.equal((await stat(join(folder, 'kept'))).mode & 0o777, 0o700);
  });

  it('belong to one question', async () => {
    await ask();
    await ask(['-v']);
    await ask([], { LANG: 'C' });
    assert.equal(asked, 3);
  });

  for (const [what, change] of [
    ['the program', () => writeFile(program, 'two')],
    ['the rights of the program', () => chmod(program, 0o700)],
    ['a folder that the answer names', () => writeFile(join(library, 'new.so'), '')],
    ['what was not there', () => writeFile(join(folder, 'absent'), '')],
    ['what was there', () => rm(library, { recursive: true })],
  ] as const) {
    it(`are given up with a change of ${what}`, async () => {
      await ask();
      await change();
      answer = { stdout: 'another', stderr: '' };
      assert.deepEqual(await ask(), answer);
      assert.equal(asked, 2);
    });
  }

  it('are not taken from what is no answer, and not kept where nothing can be', async () => {
    await ask();
    const [file = ''] = await readdir(join(folder, 'kept'));
    for (const text of ['{', '{"question":1}', '']) {
      await writeFile(join(folder, 'kept', file), text);
      await ask();
    }
    assert.equal(asked, 4);
    await ask([], {}, program);
    await ask([], {}, program);
    assert.equal(asked, 6);
  });

  it('that name too much are asked for each time, and failures are no answers', async () => {
    answer = { stdout: Array.from({ length: 3_000 }, (_, n) => `/nowhere/${n}`).join('\n'), stderr: '' };
    await ask();
    await ask();
    assert.equal(asked, 2);
    const question = { file: program, args: ['fails'], env: {} };
    const failing = () => keptAnswer(question, () => Promise.reject(new Error('no')), join(folder, 'kept'));
    await assert.rejects(failing(), /no/);
    await assert.rejects(failing(), /no/);
  });
});
