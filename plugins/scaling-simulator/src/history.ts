import { SoulboxError, z, type Store } from '@soulbox/plugin-sdk';
import type { Arrival, Trace } from './trace.ts';

/** So many of the latest executions at most. */
const maxExecutions = 200_000;

const RecordSchema = z.object({
  tenant: z.string(),
  language: z.string(),
  createdAt: z.iso.datetime(),
  result: z.object({ usage: z.object({ wallMs: z.number().min(0) }) }),
});

/** The executions that the host has kept, as a trace. @throws invalid_params where there are none, storage_failed */
export async function readHistory(store: Store, signal: AbortSignal): Promise<Trace> {
  const arrivals: Arrival[] = [];
  const latest = { where: { status: 'settled' }, orderBy: { field: 'createdAt', descending: true }, limit: 1_000 };
  for (let after: string | null | undefined; after !== null && arrivals.length < maxExecutions;) {
    const page = await store.query('executions', after === undefined ? latest : { ...latest, after });
    for (const { value } of page.documents) {
      const read = RecordSchema.safeParse(value);
      if (!read.success) continue;
      const { tenant, language, createdAt, result } = read.data;
      arrivals.push({ at: Date.parse(createdAt), language, tenant, runMs: result.usage.wallMs });
    }
    after = page.cursor;
    if (signal.aborted) throw new SoulboxError('cancelled', 'the simulation was cancelled');
  }
  if (arrivals.length === 0)
    throw new SoulboxError('invalid_params', 'this host has kept no executions', { details: { field: 'trace' } });
  return arrivals.toSorted((a, b) => a.at - b.at);
}
