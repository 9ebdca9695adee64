import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFixture } from './support/run-fixture.ts';

const tap = {
  answers: 'execution.before: is tapped, and answers in time with the right shape, again and again',
  leaves: 'execution.before: leaves what it is given as it was',
  many: 'execution.before: answers many calls at once',
  gone: 'execution.before: is tapped until the plugin has stopped',
};
const known = {
  answer: 'scaling.signal: a known demand gets a known answer',
  any: 'scaling.signal: any answer will do',
};
const scaling = {
  range: 'it answers any demand with a whole number of boxes in range, in time',
  rest: 'asked again without a change it goes one way, and comes to rest',
  more: 'more boxes in use never make it want fewer',
};
const operation = {
  listed: 'these operations are there and no others, until the plugin has stopped',
  says: 'mistaken.count says what it does, what it takes, who may call it and how it fails',
  closed: 'mistaken.count is closed to those without its permission',
  nobody: 'mistaken.count refuses a parameter of nobody',
  number: 'mistaken.count refuses a number',
  text: 'mistaken.count accepts a text',
  conflict: 'mistaken.count fails with conflict, which it lists',
};
const all = [tap, known, scaling, operation].flatMap((names) => Object.values(names));

test('a plugin passes whose taps and operations do well', async () => {
  const { passed, failed, output } = await runFixture('mistaken', {});
  assert.deepEqual([failed, passed.toSorted()], [[], all.toSorted()], output);
});

/** What is done wrong, the tests that find it, and what they say. */
const found: Record<string, [tests: readonly string[], says: RegExp]> = {
  'no tap': [[tap.answers, tap.leaves, tap.many, tap.gone], /does not tap execution\.before/],
  throws: [[tap.answers, tap.leaves, tap.many], /failed in hook execution\.before/],
  'wrong shape': [[tap.answers, tap.leaves, tap.many], /a value of the wrong shape/],
  'changes its argument': [[tap.leaves], /changed its arguments/],
  'never rests': [[known.answer, scaling.rest], /does not come to rest/],
  wavers: [[known.answer, scaling.rest, scaling.more], /it wavers/],
  shrinks: [[known.answer, scaling.more], /deepStrictEqual|deep-equal/],
  'a fraction': [[known.answer, scaling.range, scaling.rest, scaling.more], /no whole number/],
  'no sentence': [[operation.says], /not a sentence/],
  'takes anything': [[operation.nobody, operation.number], /Missing expected rejection/],
  'an unlisted error': [[operation.conflict], /conflict is not listed/],
  'another error': [[operation.conflict], /as asked/],
  'reads unlike': [[operation.text], /letters/],
};
for (const [mistake, [tests, says]] of Object.entries(found)) {
  test(`a plugin is found out that does wrong: ${mistake}`, async () => {
    const { failed, output } = await runFixture('mistaken', { MISTAKE: mistake });
    assert.deepEqual(failed.toSorted(), tests.toSorted(), output);
    assert.match(output, says);
  });
}
