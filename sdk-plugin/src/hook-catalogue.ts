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
    description: 'May answer an execution without running it: caches.',
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
      'Taps may rewrite a result before it is recorded and answered; id, verdict, usage and enforced cannot be changed.',
  },
  'execution.settled': observer('parallel', 'An execution has its one final state: audit, metrics, cache fill.'),
  'scaling.signal': {
    kind: 'waterfall',
    timeoutMs: 1_000,
    onError: 'isolate',
    result: z.object({ want: z.int().min(0).max(10_000) }),
    description: 'How many boxes should wait ready? Asked after every change of demand.',
  },
  'scaling.changed': observer('parallel', 'The number of boxes that wait ready changed.'),
} satisfies Record<HookName, HookDefinition>);
