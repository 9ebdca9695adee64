import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { readBuild, type BuildProgress } from '../../src/images/build-output.ts';

const id = `sha256:${'a'.repeat(64)}`;

async function read(...messages: readonly unknown[]): Promise<{ id: string; told: BuildProgress[] }> {
  const told: BuildProgress[] = [];
  const lines = messages.map((message) => `${typeof message === 'string' ? message : JSON.stringify(message)}\r\n`);
  // Cut anywhere, as a connection may cut it.
  const pieces = lines.join('').match(/[^]{1,7}/g) ?? [];
  return { id: await readBuild(Readable.from(pieces), (progress) => void told.push(progress)), told };
}

describe('what the engine says of a build', () => {
  it('tells the step, how far it is and the last line, and the image in the end', async () => {
    const { id: built, told } = await read(
      { stream: 'Step 1/4 : ARG BASE\n' },
      { stream: '\n' },
      { stream: 'Step 2/4 : FROM ${BASE}\n' },
      { status: 'Downloading', id: 'abc', progressDetail: { current: 30, total: 40 }, progress: '[===> ]' },
      { status: 'Pull complete', id: 'abc', progressDetail: {} },
      { stream: 'Step 4/4 : USER 1\n' },
      { aux: { ID: id } },
      { stream: 'Successfully built aaaa\n' },
    );
    assert.equal(built, id);
    assert.deepEqual(
      told.map(({ step, steps, percent, text }) => [step, steps, percent, text]),
      [
        [1, 4, 0, 'Step 1/4 : ARG BASE'],
        [2, 4, 25, 'Step 2/4 : FROM ${BASE}'],
        [2, 4, 75, 'abc Downloading'],
        [2, 4, 25, 'abc Pull complete'],
        [4, 4, 75, 'Step 4/4 : USER 1'],
        [4, 4, 75, 'Successfully built aaaa'],
      ],
    );
  });

  it('is made harmless and short, and what is not understood is passed over', async () => {
    const { told } = await read(
      'no JSON',
      '[]',
      { stream: `\u001b[31mred\u001b[0m\t${'x'.repeat(500)}` },
      { aux: { ID: id } },
    );
    assert.equal(told.length, 1);
    assert.match(told[0]!.text, /^red x+$/);
    assert.equal(told[0]!.text.length, 200);
    assert.deepEqual([told[0]!.step, told[0]!.percent], [null, null]);
  });

  it('of one that failed tells what a command said last', async () => {
    const lines = Array.from({ length: 30 }, (_, at) => ({ stream: `line ${at}\n` }));
    const failed = read(...lines, { error: 'The command "false" returned a non-zero code: 1' });
    await assert.rejects(failed, (thrown: { code: string; message: string; details: { output: string[] } }) => {
      assert.equal(thrown.code, 'image_unavailable');
      assert.match(thrown.message, /^the build failed: The command "false" returned/);
      assert.deepEqual([thrown.details.output.length, thrown.details.output.at(-1)], [20, 'line 29']);
      return true;
    });
  });

  for (const [said, code] of [
    ['write /x: no space left on device', 'runtime_unavailable'],
    ['Get "https://registry/v2/": net/http: TLS handshake timeout', 'runtime_unavailable'],
    ['pull access denied for nowhere', 'image_unavailable'],
  ] as const)
    it(`of one that failed for the engine's reasons tells those: ${said}`, async () => {
      await assert.rejects(read({ error: said }), { code });
    });

  it('that ends without an image is a failure', async () => {
    await assert.rejects(read({ stream: 'Step 1/1 : FROM x' }), { code: 'image_unavailable' });
    await assert.rejects(read({ aux: { ID: 'sha256:x' } }), { code: 'image_unavailable' });
  });
});
