import type { ExecutionResult, Json, JsonObject, StoredDocument } from '@soulbox/plugin-sdk';

export const executionCollection = 'executions';
// What lists, recovery and retention ask for. Each costs at every write, so filters that are rare share the first one.
export const executionIndexes = ['tenant,createdAt,verdict,language', 'status,settledAt'] as const;

/** An execution as the store keeps it: the result, and beside it what is asked for in queries. */
export interface ExecutionRecord {
  readonly tenant: string;
  readonly principalId: string;
  /** The run of the host that owns it. */
  readonly instance: string;
  readonly status: ExecutionResult['status'];
  readonly verdict: string | null;
  readonly language: string;
  readonly createdAt: string;
  readonly settledAt: string | null;
  /** The sequence number of its last event; 0 until it is settled. */
  readonly lastSeq: number;
  readonly result: ExecutionResult;
}

export function makeRecord(
  result: ExecutionResult,
  owner: Pick<ExecutionRecord, 'tenant' | 'principalId' | 'instance' | 'lastSeq'>,
): ExecutionRecord {
  const { status, verdict, createdAt, settledAt } = result;
  return { ...owner, status, verdict, language: result.language.name, createdAt, settledAt, result };
}

export function toDocument(record: ExecutionRecord): JsonObject {
  return record as unknown as { [key: string]: Json };
}

export function fromDocument(document: StoredDocument): ExecutionRecord {
  return document.value as unknown as ExecutionRecord;
}
