import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseRecipe } from '../src/recipe.ts';

describe('a recipe', () => {
  it('is read as a Dockerfile is', () => {
    const { base, steps } = parseRecipe(
      [
        '# of what it begins with',
        'FROM data/base',
        '',
        'ENV A=1 B="two words" C=\'$A\' D=a"b c"d E="q\\"q"',
        'run echo one && \\',
        '  # between',
        '  echo "two"',
        'WORKDIR "my app"',
        'COPY a b/ .\r',
      ].join('\n'),
    );
    assert.equal(base, 'data/base');
    assert.deepEqual(
      steps.map(({ instruction }) => instruction),
      [
        { name: 'ENV', env: { A: '1', B: 'two words', C: '$A', D: 'ab cd', E: 'q"q' } },
        { name: 'RUN', command: 'echo one && echo "two"' },
        { name: 'WORKDIR', folder: 'my app' },
        { name: 'COPY', from: ['a', 'b/'], to: '.' },
      ],
    );
    assert.equal(steps[1]!.text, 'RUN echo one && echo "two"');
    assert.deepEqual(parseRecipe('FROM scratch'), { base: null, steps: [] });
    assert.equal(parseRecipe('RUN true').base, null);
  });

  for (const [recipe, line] of [
    ['RUN', 1],
    ['RUN true\nFROM x', 2],
    ['FROM a b', 1],
    ['\n\nADD x y', 3],
    ['ENV A', 1],
    ['ENV =x', 1],
    ['ENV 1A=x', 1],
    ['ENV A="x', 1],
    ['COPY a', 1],
    ['WORKDIR a b', 1],
    ['RUN true\nRUN x \\', 2],
  ] as const)
    it(`is refused with its line: ${JSON.stringify(recipe)}`, () => {
      assert.throws(() => parseRecipe(recipe), { code: 'invalid_params', details: { field: 'recipe', line } });
    });

  it('has an end', () => {
    assert.throws(() => parseRecipe('RUN true\n'.repeat(201)), { code: 'invalid_params' });
  });
});
