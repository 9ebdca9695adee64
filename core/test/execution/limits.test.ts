import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resolveLimits } from '../../src/execution/limits.ts';

const defaults = { wallMs: 1, cpuMs: 2, memoryBytes: 3, outputBytes: 4, processes: 5, diskBytes: 6 };
const maximum = { wallMs: 10, cpuMs: 10, memoryBytes: 10, outputBytes: 10, processes: 10, diskBytes: 10 };

describe('limits', () => {
  it('takes what is asked for and the defaults for the rest', () => {
    assert.deepEqual(resolveLimits(undefined, defaults, maximum), defaults);
    assert.deepEqual(resolveLimits({ wallMs: 10, cpuMs: undefined }, defaults, maximum), { ...defaults, wallMs: 10 });
  });

  it('cannot be changed afterwards, and leaves the defaults alone', () => {
    const limits = resolveLimits({ processes: 9 }, defaults, maximum);
    assert.ok(Object.isFrozen(limits));
    assert.equal(defaults.processes, 5);
  });

  it('names the limit that is out of range, and its maximum', () => {
    assert.throws(() => resolveLimits({ diskBytes: 11 }, defaults, maximum), {
      code: 'limit_out_of_range',
      details: { field: 'limits.diskBytes', maximum: 10 },
    });
  });
});
