import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PoolUse, ProgramUse } from '@soulbox/plugin-sdk';
import { ConfigSchema } from '../src/config.ts';
import { WarmPoolPolicy } from '../src/policy.ts';

const limits = { wallMs: 1, cpuMs: 1, memoryBytes: 1, outputBytes: 1, processes: 1, diskBytes: 1 };
const make = (settings: Record<string, unknown> = {}) => new WarmPoolPolicy(ConfigSchema.parse(settings));
const about = (over: Partial<ProgramUse> = {}): ProgramUse => ({
  driver: 'd',
  sandboxId: 'box',
  tenant: 'a',
  language: 'lisp',
  version: '1',
  limits,
  waiting: 0,
  running: 0,
  uses: 0,
  usedAt: null,
  at: 1_000,
  ...over,
});
const pool = (over: Partial<PoolUse> = {}): PoolUse => ({
  driver: 'd',
  image: null,
  ready: 1,
  assigned: 0,
  taken: 0,
  at: 1_000,
  ...over,
});

describe('the warm pool', () => {
  it('has more wait where more run at once, for a while, and never more than the most', () => {
    const policy = make({ share: 0.5, holdMs: 10_000, max: 6 });
    const want = (over: Partial<ProgramUse>) => policy.programs({ want: 2 }, about(over)).want;
    assert.equal(want({ running: 1, uses: 1 }), 2);
    assert.equal(want({ running: 8, uses: 9, at: 2_000 }), 4);
    assert.equal(want({ running: 0, uses: 9, at: 9_000 }), 4);
    assert.equal(want({ running: 1, uses: 10, at: 20_000 }), 2);
    assert.equal(want({ running: 100, uses: 110, at: 21_000 }), 6);
    assert.equal(policy.programs({ want: 0 }, about({ at: 22_000, uses: 110 })).want, 0, 'unused is unused');
  });

  it('counts what is used up between two questions', () => {
    const policy = make();
    const want = (uses: number, at: number) => policy.programs({ want: 2 }, about({ uses, at, running: 0 })).want;
    want(1, 1_000);
    assert.equal(want(21, 1_100), 10);
    assert.equal(want(3, 20_000), 2, 'a count that went back began anew');
  });

  it('keeps all within its memory, and the least valuable gives way', () => {
    const policy = make({ memoryBytes: 100, programBytes: 10, boxBytes: 10, share: 0, languages: { fat: 50 } });
    const ask = (language: string, want: number, uses: number, at: number) =>
      policy.programs({ want }, about({ language, uses, at })).want;
    assert.equal(policy.boxes({ want: 2 }, pool()).want, 2);
    assert.equal(ask('rare', 8, 1, 1_000), 8);
    assert.equal(ask('often', 4, 50, 2_000), 0, 'nothing is free yet');
    assert.equal(policy.usedBytes, 100);
    assert.equal(ask('rare', 8, 1, 2_200), 6, 'the boxes, which nobody takes, are worth less and go first');
    assert.equal(policy.boxes({ want: 2 }, pool({ at: 2_500 })).want, 0);
    assert.equal(ask('rare', 8, 1, 3_000), 6, 'what was given back is kept for who waits for it');
    assert.equal(ask('often', 4, 50, 4_000), 4);
    assert.equal(ask('fat', 1, 1, 4_500), 0, 'who is worth less makes nobody give way');
    assert.equal(policy.usedBytes, 100);
    policy.gone('box');
    assert.equal(policy.usedBytes, 0);
  });

  it('forgets what nobody asks about any more', () => {
    const policy = make({ memoryBytes: 100, programBytes: 10 });
    policy.programs({ want: 10 }, about({ sandboxId: 'lost' }));
    assert.equal(policy.programs({ want: 5 }, about({ at: 700_000 })).want, 5);
    assert.equal(policy.usedBytes, 50);
  });

  it('gives tenants boxes and programs of their own, which nobody takes from them', () => {
    const policy = make({ memoryBytes: 100, programBytes: 10, tenants: { acme: { programs: 5 } } });
    const demand = policy.boxes({ want: 0, keep: ['other'] }, pool());
    assert.deepEqual(demand, { want: 0, keep: ['other', 'acme'] });
    const own = about({ tenant: 'acme', sandboxId: 'own' });
    assert.equal(policy.programs({ want: 0 }, own).want, 5);
    for (let n = 1; n < 5; n++) policy.programs({ want: 10 }, about({ uses: n * 1_000, at: n * 1_000 }));
    assert.equal(policy.programs({ want: 0 }, { ...own, at: 6_000 }).want, 5);
    assert.deepEqual(make().boxes({ want: 1 }, pool()), { want: 1 });
  });
});
