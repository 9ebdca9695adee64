import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read, sourceFiles } from './tree.ts';

const longest = 450;
const medianAtMost = 120;

/** The longest files over the bound, and the median, of texts by name. */
function measure(texts: ReadonlyMap<string, string>): { tooLong: string[]; median: number } {
  const lines = [...texts].map(([file, text]) => ({ file, count: text.split('\n').length - 1 }));
  const counts = lines.map(({ count }) => count).toSorted((a, b) => a - b);
  return {
    tooLong: lines.filter(({ count }) => count > longest).map(({ file, count }) => `${file}: ${count} lines`),
    median: counts[Math.floor(counts.length / 2)] ?? 0,
  };
}

test('files hold one concept each', (t) => {
  const files = sourceFiles();
  const { tooLong, median } = measure(new Map(files.map((file) => [file, read(file)])));
  t.diagnostic(`${files.length} source files, median ${median} lines`);
  assert.ok(files.length > 50, 'the walk missed the tree');
  assert.deepEqual(tooLong, []);
  assert.ok(median > 0 && median <= medianAtMost, `median ${median}`);
});

test('a long file is named', () => {
  const { tooLong, median } = measure(
    new Map([
      ['a.ts', 'x\n'.repeat(451)],
      ['b.ts', 'x\n'.repeat(450)],
      ['c.ts', ''],
    ]),
  );
  assert.deepEqual(tooLong, ['a.ts: 451 lines']);
  assert.equal(median, 450);
});
