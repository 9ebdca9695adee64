import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RuleEvent } from '../../bin/check/part.ts';
import report from '../../bin/check/reporter.ts';

interface Told {
  readonly type: string;
  readonly data: object;
}

async function reported(...events: readonly Told[]): Promise<RuleEvent[]> {
  const lines: string[] = [];
  const source = (async function* () {
    yield* events;
  })();
  for await (const line of report(source)) lines.push(line);
  return lines.map((line) => JSON.parse(line) as RuleEvent);
}

const suite = { name: 'outer', nesting: 0 };
const inner = (name: string) => ({ name, nesting: 1 });
const failure = (cause: unknown, failureType = 'testCodeFailure') => ({
  error: Object.assign(new Error('wrapped', { cause }), { failureType }),
});

test('each test is told of once, by its full name, and a suite only where it fails by itself', async () => {
  const told = await reported(
    { type: 'test:enqueue', data: suite },
    { type: 'test:start', data: suite },
    { type: 'test:start', data: inner('good') },
    { type: 'test:pass', data: { ...inner('good'), details: {} } },
    { type: 'test:start', data: inner('left out') },
    { type: 'test:pass', data: { ...inner('left out'), skip: 'no GPU', details: {} } },
    { type: 'test:pass', data: { ...inner('left out, too'), skip: true, details: {} } },
    { type: 'test:fail', data: { ...inner('bad'), details: failure(new Error('no disk')) } },
    { type: 'test:diagnostic', data: { message: 'one' } },
    { type: 'test:fail', data: { ...suite, details: { type: 'suite', ...failure('1 failed', 'subtestsFailed') } } },
    { type: 'test:pass', data: { name: 'other', nesting: 0, details: { type: 'suite' } } },
    { type: 'test:fail', data: { name: 'broken', nesting: 0, details: { type: 'suite', ...failure('no host') } } },
  );
  assert.deepEqual(told, [
    { names: ['outer', 'good'], outcome: 'passed', reason: null },
    { names: ['outer', 'left out'], outcome: 'skipped', reason: 'no GPU' },
    { names: ['outer', 'left out, too'], outcome: 'skipped', reason: null },
    { names: ['outer', 'bad'], outcome: 'failed', reason: 'no disk' },
    { names: ['broken'], outcome: 'failed', reason: 'no host' },
  ]);
});

test('a failure that says nothing is told of as one', async () => {
  const [told] = await reported({ type: 'test:fail', data: { name: 'bad', nesting: 0 } });
  assert.deepEqual(told, { names: ['bad'], outcome: 'failed', reason: 'undefined' });
});
