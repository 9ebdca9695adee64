import { inspect } from 'node:util';
import type { RuleEvent } from './part.ts';

interface TestData {
  readonly name: string;
  readonly nesting: number;
  readonly skip?: string | boolean;
  readonly details?: { readonly type?: string; readonly error?: TestFailure };
}

/** What node:test wraps a failure in. */
interface TestFailure extends Error {
  readonly failureType?: string;
}

interface TestEvent {
  readonly type: string;
  readonly data: unknown;
}

/** A reporter for node:test: tells of each test that ends, and of each suite that fails by itself. */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const names: string[] = [];
  for await (const { type, data } of events) {
    if (!reported.has(type)) continue;
    const { name, nesting } = data as TestData;
    names.splice(nesting, Infinity, name);
    const outcome = outcomeOf(type, data as TestData);
    if (outcome) yield `${JSON.stringify({ names, ...outcome } satisfies RuleEvent)}\n`;
  }
}

/** These come in the order of the tests, each suite before what it holds. */
const reported: ReadonlySet<string> = new Set(['test:start', 'test:pass', 'test:fail']);

function outcomeOf(type: string, { skip, details }: TestData) {
  if (type === 'test:start') return undefined;
  if (type === 'test:fail') {
    // A suite fails with what it holds, which was told already.
    if (details?.error?.failureType === 'subtestsFailed') return undefined;
    return { outcome: 'failed', reason: reasonOf(details?.error) } as const;
  }
  if (skip !== undefined && skip !== false)
    return { outcome: 'skipped', reason: typeof skip === 'string' ? skip : null } as const;
  return details?.type === 'suite' ? undefined : ({ outcome: 'passed', reason: null } as const);
}

function reasonOf(error: TestFailure | undefined): string {
  const cause = error?.cause ?? error;
  if (cause instanceof Error) return cause.message;
  return typeof cause === 'string' ? cause : inspect(cause);
}
