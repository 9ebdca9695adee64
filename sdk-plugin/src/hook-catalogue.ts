import { z } from 'zod';
import { DenialSchema, PrincipalSchema } from './contracts/auth.ts';
import { ExecutionResultSchema } from './contracts/execution.ts';
import type { HookDefinition, HookName } from './hooks.ts';

const object = (...required: string[]) =>
  z.custom<object>(
    (v) => typeof v === 'object' && v !== null && required.every((k) => k in v),
    `must be an object with ${required.join(', ')}`,
  );

const observer = (kind: 'series' | 'parallel', description: string): HookDefinition => ({
  kind,
  timeoutMs: 5_000,
  onError: 'isolate',
  description,
});

/** A plugin in the host's process must not be able to change the policy of a hook. */
function frozen<T extends Readonly<Record<string, object>>>(definitions: T): Readonly<T> {
  for (const definition of Object.values(definitions)) Object.freeze(definition);
  return Object.freeze(definitions);
}

/** The policy of every hook of the host: kind, deadline and what a failure means. */
export const hookCatalogue: Readonly<Record<HookName, HookDefinition>> = frozen({
  'host.ready': observer('series', 'Every plugin is up and the transports listen.'),
  'host.draining': observer('parallel', 'No new work is accepted; running work may finish until the deadline.'),
  'host.stopped': observer('parallel', 'Work is over; plugins are stopped next.'),
  'plugin.changed': observer('parallel', 'A plugin went from one state to another.'),
  'sandbox.creating': {
    kind: 'waterfall',
    timeoutMs: 5_000,
    onError: 'fail',
    privileged: true,
    result: object('paths', 'labels'),
    description: 'A box is about to be made; taps may change what it is made of.',
  },
  'sandbox.created': observer('parallel', 'A box was made.'),
  'sandbox.destroyed': observer('parallel', 'A box is gone.'),
  'live.planning': {
    kind: 'waterfall',
    timeoutMs: 60_000,
    onError: 'fail',
    privileged: true,
    result: object('env', 'mounts', 'gateway', 'handled'),
    description: 'A sandbox that stays is about to be made; taps see to what was asked for and say so in `handled`.',
  },
  'live.filling': {
    kind: 'series',
    timeoutMs: 60_000,
    onError: 'fail',
    description: 'A new sandbox that stays runs, and nobody has it yet; where a tap fails, nobody gets it.',
  },
  'live.connected': {
    kind: 'series',
    timeoutMs: 10_000,
    onError: 'fail',
    description:
      'The host can reach a sandbox that stays: it is new, was resumed, or was taken over. Nothing is done in it before every tap has answered.',
  },
  'live.ended': observer('parallel', 'A sandbox that stays is gone.'),
  'auth.authenticate': {
    kind: 'bail',
    timeoutMs: 5_000,
    onError: 'fail',
    privileged: true,
    result: PrincipalSchema,
    description: 'Who holds these credentials? Nobody answering means: not let in.',
  },
  'auth.veto': {
    kind: 'bail',
    timeoutMs: 5_000,
    onError: 'fail',
    result: DenialSchema,
    description: 'May refuse an operation that is otherwise permitted; can never permit one.',
  },
  'auth.decided': observer('parallel', 'An operation was allowed or refused; for audit.'),
  'execution.before': {
    kind: 'waterfall',
    timeoutMs: 5_000,
    onError: 'fail',
    result: object('id', 'language', 'limits', 'tenant'),
    description: 'Taps may rewrite a request before it is accepted; id, tenant and principalId cannot be changed.',
  },
  'execution.veto': {
    kind: 'bail',
    timeoutMs: 5_000,
    onError: 'fail',
    result: DenialSchema,
    description: 'May refuse an execution, after all rewriting and before it is accepted.',
  },
  'execution.lookup': {
    kind: 'bail',
    timeoutMs: 2_000,
    onError: 'isolate',
    result: ExecutionResultSchema,
    description:
      'May answer an execution that asks for a cache without running it; `resultKey` of the request says what it is equal to.',
  },
  'execution.output': {
    kind: 'waterfall',
    timeoutMs: 5_000,
    onError: 'fail',
    result: z.instanceof(Uint8Array),
    description:
      'Taps may rewrite a piece of output before anyone sees it, the last an empty one; where one fails, the execution ends as lost and shows nothing more.',
  },
  'execution.after': {
    kind: 'waterfall',
    timeoutMs: 5_000,
    onError: 'fail',
    result: ExecutionResultSchema,
    description:
      'Taps may rewrite a result before it is recorded and answered, also one from a cache, which they may have rewritten before; id, verdict, usage and enforced cannot be changed.',
  },
  'execution.settled': observer('parallel', 'An execution has its one final state: audit, metrics, cache fill.'),
  'scaling.signal': {
    kind: 'waterfall',
    timeoutMs: 1_000,
    onError: 'isolate',
    result: z.object({
      want: z.int().min(0).max(10_000),
      keep: z.array(z.string().min(1)).max(1_000).exactOptional(),
    }),
    description:
      'How many boxes should wait ready, and which tenants keep theirs? Asked after every change of demand, and from time to time.',
  },
  'scaling.programs': {
    kind: 'waterfall',
    timeoutMs: 1_000,
    onError: 'isolate',
    result: z.object({ want: z.int().min(0).max(255) }),
    description: 'How many programs of one kind should wait in a box? Asked when one is used, and from time to time.',
  },
  'scaling.changed': observer('parallel', 'The number of boxes that wait ready changed.'),
} satisfies Record<HookName, HookDefinition>);
