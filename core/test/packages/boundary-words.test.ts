import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noBoundary, processBoundary } from '../../src/isolation/boundary.ts';
import { boundaryWords } from '../../src/packages/boundary-words.ts';

test('what does not hold a plugin is said as plainly as what does', () => {
  const inline = boundaryWords('inline', noBoundary);
  assert.match(inline.join('\n'), /in the host's own process; hooks and operations are held/);
  assert.match(inline.at(-1) ?? '', /^NOT separated, whatever the list says: crashes, memory, .*network$/);
  const some = processBoundary({ flags: [], files: 'node-permission', processes: 'node-permission', network: 'none' });
  const lines = boundaryWords('process', some);
  assert.match(lines[1] ?? '', /^separated from the host: crashes \(own-process\), .*files \(node-permission\)/);
  assert.match(lines[2] ?? '', /^NOT separated.*: network$/);
  assert.equal(boundaryWords('process', { ...some, network: 'node-permission' }).length, 2);
});
