import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SoulboxError } from '@soulbox/plugin-sdk';
import { Circuit } from '../src/circuit.ts';

const down = new SoulboxError('runtime_unavailable', 'down');

describe('Circuit', () => {
  it('lets everything through until something failed, and after something succeeded', () => {
    const circuit = new Circuit(() => 0);
    assert.equal(circuit.enter(), undefined);
    circuit.failed(down);
    assert.equal(circuit.enter(), down);
    assert.equal(circuit.failure, down);
    circuit.succeeded();
    assert.equal(circuit.enter(), undefined);
    assert.equal(circuit.failure, undefined);
  });

  it('tries again after a pause that doubles up to five seconds, one call at a time', () => {
    let now = 0;
    const circuit = new Circuit(() => now);
    const pauses: number[] = [];
    for (let failures = 0; failures < 9; failures++) {
      circuit.failed(down);
      const from = now;
      while (circuit.enter()) now += 50;
      assert.equal(circuit.enter(), down);
      pauses.push(now - from);
    }
    assert.deepEqual(pauses, [100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
  });

  it('lets the next one try where the one that tried was called off', () => {
    let now = 0;
    const circuit = new Circuit(() => now);
    circuit.failed(down);
    now = 100;
    assert.equal(circuit.enter(), undefined);
    circuit.left();
    assert.equal(circuit.enter(), undefined);
  });

  it('begins with a short pause again after a success', () => {
    let now = 0;
    const circuit = new Circuit(() => now);
    circuit.failed(down);
    circuit.failed(down);
    circuit.succeeded();
    circuit.failed(down);
    now = 100;
    assert.equal(circuit.enter(), undefined);
  });
});
