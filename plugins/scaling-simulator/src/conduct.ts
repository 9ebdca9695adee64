import { SoulboxError, type PoolDemand, type PoolUse, type ProgramUse, type ScalingPolicy } from '@soulbox/plugin-sdk';

/** Who decides in a simulation. */
export interface Conduct {
  boxes(demand: PoolDemand, use: PoolUse): PoolDemand | Promise<PoolDemand>;
  programs(demand: PoolDemand, use: ProgramUse): PoolDemand | Promise<PoolDemand>;
  gone(sandboxId: string): void | Promise<void>;
  /** How long a program that has ended waits to be used again, in milliseconds. SoulBox never does that: it is a yardstick. */
  readonly reuseMs?: number;
  end(): Promise<void>;
}

const nothing = { gone: () => {}, end: async () => {} };

/** Always as many, whatever happens. */
function always(want: number, reuseMs?: number): Conduct {
  const demand = { want };
  return { boxes: () => demand, programs: () => demand, ...nothing, ...(reuseMs === undefined ? {} : { reuseMs }) };
}

/** The host without any scaling plugin. */
const refill: Conduct = { boxes: (demand) => demand, programs: (demand) => demand, ...nothing };

function numberAfter(name: string, text: string): number {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value) || value < 0)
    throw new SoulboxError('invalid_params', `policy ${name}: "${text}" is not a number`, {
      details: { field: 'policies' },
    });
  return value;
}

/** A trial of each, one after the other, each changing what the one before answered. */
async function trial(policies: readonly ScalingPolicy[]): Promise<Conduct> {
  const trials: { policy: ScalingPolicy; id: string }[] = [];
  const end = async () => {
    for (const { policy, id } of trials) await policy.end(id);
  };
  try {
    for (const policy of policies) trials.push({ policy, id: await policy.begin() });
  } catch (thrown) {
    await end();
    throw thrown;
  }
  return {
    boxes: async (demand, use) => {
      let answer = demand;
      for (const { policy, id } of trials) answer = await policy.boxes(id, answer, use);
      return answer;
    },
    programs: async (demand, use) => {
      let answer = demand;
      for (const { policy, id } of trials) answer = await policy.programs(id, answer, use);
      return answer;
    },
    gone: async (sandboxId) => {
      for (const { policy, id } of trials) await policy.gone(id, sandboxId);
    },
    end,
  };
}

/**
 * `none`, `refill`, `fixed:N`, `keep-alive:SECONDS`, or policies that plugins bring, joined by `+`.
 * @throws invalid_params for one that is not known, what the policies throw
 */
export async function conductOf(name: string, known: ReadonlyMap<string, ScalingPolicy>): Promise<Conduct> {
  if (name === 'none') return always(0);
  if (name === 'refill') return refill;
  const [kind = '', rest] = name.split(':', 2);
  if (kind === 'fixed') return always(Math.floor(numberAfter(name, rest ?? '')));
  if (kind === 'keep-alive') return always(0, numberAfter(name, rest ?? '') * 1_000);
  const policies = name.split('+').map((part) => {
    const policy = known.get(part);
    if (policy) return policy;
    const names = ['none', 'refill', 'fixed:N', 'keep-alive:SECONDS', ...known.keys()];
    throw new SoulboxError(
      'invalid_params',
      `there is no policy "${part.slice(0, 64)}" here, only ${names.join(', ')}`,
      {
        details: { field: 'policies', known: names },
      },
    );
  });
  return trial(policies);
}
