import { fileURLToPath } from 'node:url';
import { ScalingTrials, type ScalingPolicy } from '@soulbox/plugin-sdk';
import { ConfigSchema as PredictiveConfig, PredictivePolicy } from '@soulbox/plugin-scaling-predictive/policy';
import {
  CostsSchema,
  makeTrace,
  simulate,
  type Costs,
  type Figures,
  type Trace,
  type TraceKind,
} from '@soulbox/plugin-scaling-simulator/simulation';
import { ConfigSchema as WarmPoolConfig, WarmPoolPolicy } from '@soulbox/plugin-scaling-warm-pool/policy';

/** One policy on one trace. Memory in MiB times seconds, waits in milliseconds. */
export interface ScalingRow {
  readonly trace: string;
  readonly policy: string;
  /** What it is compared for: equal memory, or an equal share of cold starts. */
  readonly as: 'subject' | 'equal memory' | 'equal cold starts' | 'also';
  readonly executions: number;
  readonly cold: number;
  readonly coldShare: number;
  readonly p99: number;
  readonly memory: number;
}

/** What the comparison says of one trace. */
export interface ScalingVerdict {
  readonly trace: string;
  /** The share of cold starts that the forecast saves at equal memory; the bar is 0.8. */
  readonly fewerColdStarts: number;
  /** The share of memory that it saves at no more cold starts; the bar is 0.3. */
  readonly lessMemory: number;
}

const languages = { python: 3 * 1024 * 1024 };
const policies: ReadonlyMap<string, ScalingPolicy> = new Map([
  ['warm-pool', new ScalingTrials(() => new WarmPoolPolicy(WarmPoolConfig.parse({ languages })))],
  ['predictive', new ScalingTrials(() => new PredictivePolicy(PredictiveConfig.parse({ languages })))],
]);

/**
 * "No pool at equal memory" means here: nothing is started ahead of need, but programs are kept after use to be used
 * again, as hosts of functions do and SoulBox, which uses each once, does not; for as long as takes together as much
 * memory as the forecast took, running programs included. The longest such time that does not take less.
 */
async function keptAfterUse(memory: number, run: (policy: string) => Promise<Figures>): Promise<[string, Figures]> {
  let [low, high] = [1, 86_400];
  let best: [string, Figures] = ['keep-alive:86400', await run('keep-alive:86400')];
  while (high / low > 1.02) {
    const middle = Math.sqrt(low * high);
    const policy = `keep-alive:${middle.toFixed(1)}`;
    const figures = await run(policy);
    if (figures.memory >= memory) [high, best] = [middle, [policy, figures]];
    else low = middle;
  }
  return best;
}

/** The smallest fixed pool with no larger share of cold starts. */
async function fixedPool(coldShare: number, run: (policy: string) => Promise<Figures>): Promise<[string, Figures]> {
  for (let size = 1; ; size++) {
    const policy = `fixed:${size}`;
    const figures = await run(policy);
    if (figures.coldShare <= coldShare || size === 32) return [policy, figures];
  }
}

export interface ScalingBenchOptions {
  readonly kinds?: readonly TraceKind[];
  /** Of each trace; as usual for its kind where it is not given. */
  readonly days?: number;
  readonly costs?: Costs;
}

/** Simulates the policies of the plugins on traces that are the same each time; nothing of it depends on the machine. */
export async function benchScaling({
  kinds = ['diurnal', 'bursty'],
  days,
  costs = CostsSchema.parse({}),
}: ScalingBenchOptions = {}): Promise<{ rows: ScalingRow[]; verdicts: ScalingVerdict[] }> {
  const rows: ScalingRow[] = [];
  const verdicts: ScalingVerdict[] = [];
  for (const kind of kinds) {
    const trace: Trace = makeTrace(kind, 1, days);
    const run = (policy: string) => simulate(trace, policy, { costs, policies });
    const add = (policy: string, as: ScalingRow['as'], { executions, cold, coldShare, waitMs, memory }: Figures) =>
      rows.push({ trace: kind, policy, as, executions, cold, coldShare, p99: waitMs.p99, memory });
    const subject = await run('predictive');
    add('predictive', 'subject', subject);
    const [kept, keptFigures] = await keptAfterUse(subject.memory, run);
    add(kept, 'equal memory', keptFigures);
    const [fixed, fixedFigures] = await fixedPool(subject.coldShare, run);
    add(fixed, 'equal cold starts', fixedFigures);
    const smaller = `fixed:${Number(fixed.slice('fixed:'.length)) - 1}`;
    for (const policy of [smaller, 'none', 'refill', 'warm-pool']) add(policy, 'also', await run(policy));
    verdicts.push({
      trace: kind,
      fewerColdStarts: 1 - subject.cold / keptFigures.cold,
      lessMemory: 1 - subject.memory / fixedFigures.memory,
    });
  }
  return { rows, verdicts };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const kinds = process.argv.slice(2) as TraceKind[];
  const { rows, verdicts } = await benchScaling(kinds.length > 0 ? { kinds } : {});
  console.table(
    rows.map(({ coldShare, p99, memory, ...row }) => ({
      ...row,
      coldShare: `${(coldShare * 100).toFixed(3)} %`,
      'p99 ms': p99,
      'MiB s': Math.round(memory),
    })),
  );
  for (const { trace, fewerColdStarts, lessMemory } of verdicts) {
    console.log(`${trace}: ${(fewerColdStarts * 100).toFixed(1)} % fewer cold starts at equal memory (bar: 80 %),`);
    console.log(`  ${(lessMemory * 100).toFixed(1)} % less memory than a fixed pool with as few (bar: 30 %)`);
  }
}
