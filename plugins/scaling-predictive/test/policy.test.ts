import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PoolUse, ProgramUse } from '@soulbox/plugin-sdk';
import { ConfigSchema } from '../src/config.ts';
import { explain } from '../src/explain.ts';
import { PredictivePolicy } from '../src/policy.ts';

const limits = { wallMs: 1, cpuMs: 1, memoryBytes: 1, outputBytes: 1, processes: 1, diskBytes: 1 };
const config = (settings: Record<string, unknown> = {}) => ConfigSchema.parse(settings);
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
  at: 0,
  ...over,
});
const pool = (over: Partial<PoolUse> = {}): PoolUse => ({
  driver: 'd',
  image: null,
  ready: 1,
  assigned: 0,
  taken: 0,
  at: 0,
  ...over,
});

/** Uses at these times, each asked about when it comes. */
function use(policy: PredictivePolicy, times: readonly number[], usual = 2): number {
  let want = NaN;
  times.forEach((at, index) => {
    want = policy.programs({ want: usual }, about({ uses: index + 1, at })).want;
  });
  return want;
}
const every = (ms: number, count: number) => Array.from({ length: count }, (_, index) => index * ms);

describe('the predictive policy', () => {
  it('does as usual until it has seen a few uses', () => {
    const policy = new PredictivePolicy(config());
    assert.equal(use(policy, every(1_000, 5), 70), 70);
    assert.notEqual(use(policy, every(1_000, 9), 70), 70);
  });

  it('wants more the more come at once, and fewer of what takes more memory', () => {
    const slow = use(new PredictivePolicy(config()), every(1_000, 60));
    const fast = use(new PredictivePolicy(config()), every(20, 600));
    assert.ok(slow >= 1 && slow < fast, `${slow} ${fast}`);
    const fat = use(new PredictivePolicy(config({ languages: { lisp: 2 ** 30 } })), every(1_000, 60));
    assert.ok(fat < slow, `${fat} ${slow}`);
    assert.ok(use(new PredictivePolicy(config({ maxPrograms: 3 })), every(20, 600)) <= 3);
  });

  it('lets go of what is not used any more', () => {
    const policy = new PredictivePolicy(config());
    use(policy, every(1_000, 60));
    const want = policy.programs({ want: 2 }, about({ uses: 60, at: 1_200_000 })).want;
    assert.equal(want, 0);
  });

  it('has those wait in a box without a tenant that newcomers use, and boxes for as many as come', () => {
    const policy = new PredictivePolicy(config({ minBoxes: 0 }));
    for (let n = 0; n < 20; n++) {
      policy.boxes({ want: 1 }, pool({ taken: n + 1, at: n * 2_000 }));
      policy.programs({ want: 2 }, about({ sandboxId: `box-${n}`, tenant: `t-${n}`, uses: 1, at: n * 2_000 }));
    }
    const waiting = about({ sandboxId: 'waits', tenant: null, at: 40_000 });
    assert.ok(policy.programs({ want: 0 }, waiting).want >= 1);
    assert.ok(policy.boxes({ want: 1, keep: ['x'] }, pool({ taken: 20, at: 40_000 })).want >= 1);
    const keep = ['x'];
    const later = every(60_000, 30).map((at) => policy.boxes({ want: 1, keep }, pool({ taken: 20, at: at + 41_000 })));
    assert.deepEqual(later.at(-1), { want: 0, keep });
    const least = new PredictivePolicy(config());
    for (let n = 0; n < 20; n++) least.boxes({ want: 1 }, pool({ taken: n + 1, at: n }));
    const calm = every(60_000, 30).map((at) => least.boxes({ want: 1 }, pool({ taken: 20, at: at + 20 })));
    assert.equal(calm.at(-1)?.want, 1);
    policy.gone('waits');
  });

  it('gives way to plain refill where that does better, and says so', () => {
    const policy = new PredictivePolicy(config({ maxPrograms: 0 }));
    use(policy, every(1_000, 60), 1);
    const [found] = policy.decisions();
    assert.ok(found);
    assert.equal(found.decision.by, 'plain', JSON.stringify(found.decision));
    assert.equal(found.decision.want, found.decision.usual);
    assert.match(explain(found.key, found.decision).why, /^1: as usual, which lately would have cost/);
  });

  it('explains what it decided', () => {
    const told: string[] = [];
    const policy = new PredictivePolicy(config(), { tell: (key) => told.push(key) });
    use(policy, [0]);
    const [first] = policy.decisions().filter(({ key }) => key.includes('"a"'));
    assert.match(explain(first!.key, first!.decision).why, /^2: as usual, too little has been seen$/);
    use(policy, every(1_000, 60));
    const [own] = policy.decisions().filter(({ key }) => key.includes('"a"'));
    const explained = explain(own!.key, own!.decision);
    assert.deepEqual(explained.series.slice(0, 3), ['programs', 'a', 'lisp']);
    assert.match(
      explained.why,
      /a second are expected \((burst|recent)\), the last is worth .* one more would be worth/,
    );
    assert.ok(told.length > 50);
    policy.programs({ want: 2 }, about({ uses: 60, at: 5e6 }));
    const [idle] = policy.decisions();
    assert.doesNotMatch(explain(idle!.key, idle!.decision).why, /the last/);
  });

  it('knows after a restart what it knew before', () => {
    const policy = new PredictivePolicy(config());
    use(policy, every(1_000, 60));
    const learned = policy.states();
    const again = new PredictivePolicy(config(), { learned });
    assert.deepEqual([...again.states().keys()], [...learned.keys()], 'also what nobody asked about since');
    assert.equal(again.programs({ want: 9 }, about({ uses: 1, at: 1e6 })).want < 9, true);
  });

  it('counts anew what began anew, and keeps only so many series', () => {
    const policy = new PredictivePolicy(config());
    policy.boxes({ want: 1 }, pool({ taken: 50 }));
    policy.boxes({ want: 1 }, pool({ taken: 1, at: 1 }));
    for (let n = 0; n < 1_100; n++) policy.programs({ want: 2 }, about({ tenant: `t-${n}`, uses: 1, at: n }));
    assert.equal(policy.decisions().length <= 1_000, true);
  });
});
