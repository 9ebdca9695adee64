import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSoulboxError } from '@soulbox/plugin-sdk';
import { readFrame, type Frame, type FrameLimits } from '../src/frame.ts';

const limits: FrameLimits = { maxDepth: 8, maxNodes: 60, maxBatch: 5 };
const rounds = 5_000;

/** Numbers in [0, below), the same in each run. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function randomText(random: (below: number) => number): string {
  const pieces = ['[', ']', '{', '}', '"', '\\', ',', ':', 'ü', '\u{1f600}', '\n', '\\"', '\u2028', 'a'];
  return Array.from({ length: random(6) }, () => pieces[random(pieces.length)]).join('');
}

function randomValue(random: (below: number) => number, depth = 0): unknown {
  const kind = random(depth > 9 ? 4 : 6);
  if (kind === 0) return null;
  if (kind === 1) return random(1000) / 8;
  if (kind < 4) return randomText(random);
  const values = Array.from({ length: random(5) }, () => randomValue(random, depth + 1));
  return kind === 4 ? values : Object.fromEntries(values.map((value) => [randomText(random), value]));
}

/** What the limits count, found out the slow way. */
function costOf(value: unknown): { readonly depth: number; readonly nodes: number } {
  if (typeof value !== 'object' || value === null) return { depth: 0, nodes: 0 };
  const costs = Object.values(value).map(costOf);
  return {
    depth: 1 + Math.max(0, ...costs.map(({ depth }) => depth)),
    nodes: 1 + Math.max(0, costs.length - 1) + costs.reduce((sum, { nodes }) => sum + nodes, 0),
  };
}

/** The frame, or the code of the error. */
function read(bytes: Buffer): Frame | string {
  try {
    return readFrame(bytes, limits);
  } catch (error) {
    assert.ok(isSoulboxError(error), String(error));
    return error.code;
  }
}

test('the cost of a message is counted as a parser would, whatever its strings hold', () => {
  const random = randomNumbers(1);
  let refused = 0;
  for (let round = 0; round < rounds; round++) {
    const params = { value: randomValue(random) };
    const request = { jsonrpc: '2.0', id: 1, method: 'a.b', params };
    const text = random(2) === 0 ? JSON.stringify(request) : JSON.stringify(request, null, ' ');
    const { depth, nodes } = costOf(request);
    const tooMuch = depth > limits.maxDepth || nodes > limits.maxNodes;
    if (tooMuch) refused++;
    // Read back by the engine's own parser: Node 24.21 reads some keys with escapes as others.
    const { params: parsed } = JSON.parse(text) as typeof request;
    const accepted = { batch: false, requests: [{ id: 1, method: 'a.b', params: parsed }] };
    const expected = tooMuch ? 'invalid_request' : accepted;
    assert.deepEqual(read(Buffer.from(text)), expected, text);
  }
  assert.ok(refused > rounds / 100 && refused < rounds / 2, `${refused} of ${rounds} were refused`);
});

test('damaged messages are read or refused, and never do anything else', () => {
  const random = randomNumbers(2);
  const whole = '[{"jsonrpc":"2.0","id":"a\\"b","method":"a.b","params":{"x":[1,{"y":null}]}},{"jsonrpc":"2.0"}]';
  const damaging = '[[[{"\\,:]}';
  const outcomes = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    const bytes = Buffer.from(whole);
    for (let damage = random(12); damage >= 0; damage--)
      bytes[random(bytes.length)] = damaging.charCodeAt(random(damaging.length));
    const outcome = read(bytes.subarray(0, random(8) === 0 ? random(bytes.length) : bytes.length));
    const name = typeof outcome === 'string' ? outcome : 'read';
    outcomes.set(name, (outcomes.get(name) ?? 0) + 1);
  }
  assert.deepEqual([...outcomes.keys()].toSorted(), ['invalid_request', 'parse_error', 'read']);
});
