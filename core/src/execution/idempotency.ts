import { createHash } from 'node:crypto';
import { SoulboxError, type ExecutionParams, type Store, type StoreChange } from '@soulbox/plugin-sdk';

export const idempotencyCollection = 'idempotency';

interface IdempotencyRecord {
  readonly executionId: string;
  readonly requestHash: string;
  readonly createdAt: string;
}

function sha256(...parts: readonly string[]): string {
  const hash = createHash('sha256');
  // Lengths keep ("a", "bc") and ("ab", "c") apart.
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest('hex');
}

/** JSON in which the order of keys makes no difference. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

/** What makes two requests the same one, sent twice. */
export class IdempotencyKey {
  private readonly id: string;
  private readonly requestHash: string;

  constructor(tenant: string, key: string, params: ExecutionParams) {
    const { stream: _stream, idempotencyKey: _key, ...request } = params;
    this.id = sha256(tenant, key);
    this.requestHash = sha256(canonicalJson(request));
  }

  /** The execution that this key made before. @throws idempotency_mismatch when it was another request. */
  async find(store: Store): Promise<string | undefined> {
    const found = await store.get(idempotencyCollection, this.id);
    if (!found) return undefined;
    const record = found.value as unknown as IdempotencyRecord;
    if (record.requestHash !== this.requestHash)
      throw new SoulboxError('idempotency_mismatch', 'this idempotency key was used for a different request', {
        details: { field: 'idempotencyKey' },
      });
    return record.executionId;
  }

  /** The change that binds the key; it fails as a `conflict` when another request was first. */
  claim(executionId: string, createdAt: string): StoreChange {
    return {
      op: 'put',
      collection: idempotencyCollection,
      id: this.id,
      value: { executionId, requestHash: this.requestHash, createdAt },
      ifVersion: 0,
    };
  }
}
