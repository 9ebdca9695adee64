import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LanguageDetectionSchema } from '../src/index.ts';
import { evidence } from '../src/toolchain/index.ts';

const problemOf = (pattern: string): string | undefined =>
  LanguageDetectionSchema.safeParse({ patterns: [{ pattern, weight: 1 }] }).error?.issues[0]?.message;

describe('patterns that tell a language', () => {
  for (const pattern of [
    '^begin$',
    '\\bx\\(',
    '(?:a|b)? c',
    '[*+]{2}',
    '\\*\\+\\)\\+',
    'a{2,5}b*c+',
    '[^(]*\\)+',
    '(?<!x)y',
    '\\p{Lu}+',
    '(?:a){0,1}',
    '\\\\1',
  ])
    it(`may be ${pattern}`, () => assert.equal(problemOf(pattern), undefined));

  for (const [pattern, message] of [
    ['(', 'must be a regular expression of JavaScript'],
    ['\\-', 'must be a regular expression of JavaScript'],
    ['(a)\\1', 'must not refer back to a group'],
    ['(?<n>a)\\k<n>', 'must not refer back to a group'],
    ['(?:a+)+', 'must not repeat a group'],
    ['(a|a)*b', 'must not repeat a group'],
    ['(?:a){2,}', 'must not repeat a group'],
    ['(?:[)]b)+', 'must not repeat a group'],
    ['a*b*c*d*', 'must not repeat more than 3 parts without bound'],
    ['a{1,}b{2,}c+d+', 'must not repeat more than 3 parts without bound'],
  ] as const)
    it(`may not be ${pattern}`, () => assert.equal(problemOf(pattern), message));

  it('are bounded in length, number and weight', () => {
    assert.ok(problemOf(''));
    assert.ok(problemOf('x'.repeat(401)));
    const pattern = { pattern: 'x', weight: 1 };
    assert.ok(!LanguageDetectionSchema.safeParse({ patterns: Array.from({ length: 201 }, () => pattern) }).success);
    assert.ok(!LanguageDetectionSchema.safeParse({ patterns: [{ ...pattern, weight: 21 }] }).success);
    assert.deepEqual(LanguageDetectionSchema.parse({}), {});
  });

  it('are written as expressions by their weight', () => {
    assert.deepEqual(evidence([5, /^a$/u, /\//u], [-1, /b/u]), [
      { pattern: '^a$', weight: 5 },
      { pattern: '\\/', weight: 5 },
      { pattern: 'b', weight: -1 },
    ]);
    for (const expression of [/a/, /a/iu, /a/gu]) assert.throws(() => evidence([1, expression]), TypeError);
  });
});
