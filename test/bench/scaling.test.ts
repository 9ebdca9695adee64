import assert from 'node:assert/strict';
import { test } from 'node:test';
import { benchScaling } from './scaling.ts';

test('forecasts save four of five cold starts of a bursty trace at equal memory, and a third of the memory of a fixed pool', async (t) => {
  const { rows, verdicts } = await benchScaling({ kinds: ['bursty'], days: 0.1 });
  assert.deepEqual(
    rows.slice(0, 3).map(({ as }) => as),
    ['subject', 'equal memory', 'equal cold starts'],
  );
  const [subject, kept, fixed] = rows;
  assert.ok(kept!.memory >= subject!.memory && kept!.memory < subject!.memory * 1.1, 'the memory is not equal');
  assert.ok(fixed!.coldShare <= subject!.coldShare);
  const [{ fewerColdStarts, lessMemory } = assert.fail('there is no verdict')] = verdicts;
  t.diagnostic(
    `${(fewerColdStarts * 100).toFixed(1)} % fewer cold starts, ${(lessMemory * 100).toFixed(1)} % less memory`,
  );
  assert.ok(fewerColdStarts >= 0.8);
  assert.ok(lessMemory >= 0.3);
});
