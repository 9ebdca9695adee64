import type { Logger } from 'pino';
import { isSoulboxError, type Store, type StoredDocument } from '@soulbox/plugin-sdk';
import type { Instance } from '../instance.ts';
import { idempotencyCollection } from './idempotency.ts';
import { executionCollection, fromDocument, toDocument } from './record.ts';

const page = 500;

/** Walks through a query's pages; `visit` may change or delete what it is shown. */
async function walk(
  store: Store,
  collection: string,
  where: Record<string, string>,
  orderBy: string,
  visit: (document: StoredDocument) => Promise<'go on' | 'stop'>,
): Promise<void> {
  let after: string | undefined;
  do {
    const { documents, cursor } = await store.query(collection, {
      where,
      orderBy: { field: orderBy },
      limit: page,
      ...(after === undefined ? {} : { after }),
    });
    for (const document of documents) if ((await visit(document)) === 'stop') return;
    after = cursor ?? undefined;
  } while (after !== undefined);
}

/** Gives executions whose host died their final state, `interrupted`. Returns how many. */
export async function settleInterrupted(store: Store, instance: Instance, log: Logger): Promise<number> {
  const alive = new Map<string, boolean>();
  let settled = 0;
  await walk(store, executionCollection, { status: 'running' }, 'settledAt', async (document) => {
    const record = fromDocument(document);
    if (!alive.has(record.instance)) alive.set(record.instance, await instance.isAlive(record.instance));
    if (alive.get(record.instance)) return 'go on';
    const settledAt = new Date().toISOString();
    const error = { code: 'interrupted', message: 'the host ended before the program did', retryable: true };
    const result = { ...record.result, verdict: 'interrupted' as const, status: 'settled' as const, settledAt, error };
    const value = toDocument({ ...record, status: 'settled', verdict: 'interrupted', settledAt, lastSeq: 1, result });
    try {
      await store.commit([
        { op: 'put', collection: executionCollection, id: document.id, value, ifVersion: document.version },
      ]);
      settled += 1;
    } catch (thrown) {
      // Another host that shares the store was faster.
      if (!isSoulboxError(thrown) || thrown.code !== 'conflict') throw thrown;
    }
    return 'go on';
  });
  if (settled > 0) log.warn({ settled }, 'executions of a dead host were settled as interrupted');
  return settled;
}

/** Forgets settled executions that have had their time, and idempotency keys, each before its execution. */
export async function forgetOld(store: Store, retentionDays: number, now: Date): Promise<void> {
  const limit = new Date(now.getTime() - retentionDays * 86_400_000).toISOString();
  const forget = (collection: string, where: Record<string, string>, field: 'settledAt' | 'createdAt') =>
    walk(store, collection, where, field, async ({ id, value }) => {
      if ((value[field] as string) >= limit) return 'stop';
      await store.commit([{ op: 'delete', collection, id }]);
      return 'go on';
    });
  await forget(idempotencyCollection, {}, 'createdAt');
  await forget(executionCollection, { status: 'settled' }, 'settledAt');
}
