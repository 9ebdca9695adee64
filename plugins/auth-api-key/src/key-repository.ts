import { SoulboxError, isSoulboxError, parse } from '@soulbox/plugin-sdk';
import type { Store } from '@soulbox/plugin-sdk';
import { hashKey, makeKey, type ApiKey } from './key-format.ts';
import { KeyRecordSchema, type KeyInfo, type KeyRecord } from './key-record.ts';

export const keyCollection = 'api-keys';
/** Apart from the keys, so that noting a use can never undo a revocation. */
const useCollection = 'api-key-uses';
const bootstrapCollection = 'api-key-bootstrap';
/** So many uses share a commit: it should not hold up the others for long. */
const usesAtOnce = 1_000;

export type NewKey = Pick<KeyRecord, 'name' | 'tenant' | 'scopes' | 'createdBy' | 'expiresAt'>;

/** Keys in the store. Every method throws storage_failed when the store does. */
export class KeyRepository {
  private readonly store: Store;

  private constructor(store: Store) {
    this.store = store;
  }

  static async open(store: Store): Promise<KeyRepository> {
    await store.define(keyCollection, { indexes: ['tenant,createdAt'] });
    return new KeyRepository(store);
  }

  async find(id: string): Promise<KeyRecord | undefined> {
    const found = await this.store.get(keyCollection, id);
    return found && parse(KeyRecordSchema, found.value, 'storage_failed');
  }

  async create(fields: NewKey): Promise<{ key: ApiKey; info: KeyInfo }> {
    const key = makeKey();
    const record = this.recordOf(key, fields);
    await this.store.commit([{ op: 'put', collection: keyCollection, id: key.id, value: record, ifVersion: 0 }]);
    return { key, info: this.describe(key.id, record, null) };
  }

  /** Makes the first key of a store; `undefined` where there is one, or another host is just making it. */
  async createFirst(fields: NewKey): Promise<ApiKey | undefined> {
    const marker = await this.store.get(bootstrapCollection, 'first');
    if ((await this.store.query(keyCollection, { limit: 1 })).documents.length > 0) return undefined;
    const key = makeKey();
    const value = this.recordOf(key, fields);
    try {
      // The marker's version was read before there were seen to be no keys: of two hosts only one can write it.
      await this.store.commit([
        {
          op: 'put',
          collection: bootstrapCollection,
          id: 'first',
          value: { key: key.id },
          ifVersion: marker?.version ?? 0,
        },
        { op: 'put', collection: keyCollection, id: key.id, value, ifVersion: 0 },
      ]);
    } catch (thrown) {
      if (isSoulboxError(thrown) && thrown.code === 'conflict') return undefined;
      throw thrown;
    }
    return key;
  }

  /** The keys of a tenant, the newest first. @throws invalid_params for a cursor of something else. */
  async list(tenant: string, limit: number, after?: string): Promise<{ keys: KeyInfo[]; cursor: string | null }> {
    const { documents, cursor } = await this.store.query(keyCollection, {
      where: { tenant },
      orderBy: { field: 'createdAt', descending: true },
      limit,
      ...(after === undefined ? {} : { after }),
    });
    const keys = documents.map(async ({ id, value }) =>
      this.describe(id, parse(KeyRecordSchema, value, 'storage_failed'), await this.lastUsedAt(id)),
    );
    return { keys: await Promise.all(keys), cursor };
  }

  /** Ends a key of a tenant for good; repeating it changes nothing. @throws not_found, also for a foreign key. */
  async revoke(tenant: string, id: string): Promise<KeyInfo> {
    const found = await this.store.get(keyCollection, id);
    const record = found && parse(KeyRecordSchema, found.value, 'storage_failed');
    if (record?.tenant !== tenant) throw new SoulboxError('not_found', 'there is no such key');
    const revoked = { ...record, revokedAt: record.revokedAt ?? new Date().toISOString() };
    // A change by another host in between can only be a revocation, so this may replace it.
    if (record.revokedAt === null)
      await this.store.commit([{ op: 'put', collection: keyCollection, id, value: revoked }]);
    return this.describe(id, revoked, await this.lastUsedAt(id));
  }

  /** Notes the last uses, in milliseconds since 1970, by key id. */
  async noteUses(uses: ReadonlyMap<string, number>): Promise<void> {
    const changes = [...uses].map(([id, at]) => {
      const value = { lastUsedAt: new Date(at).toISOString() };
      return { op: 'put', collection: useCollection, id, value } as const;
    });
    while (changes.length > 0) await this.store.commit(changes.splice(0, usesAtOnce));
  }

  private async lastUsedAt(id: string): Promise<string | null> {
    const use = await this.store.get(useCollection, id);
    return typeof use?.value['lastUsedAt'] === 'string' ? use.value['lastUsedAt'] : null;
  }

  private recordOf(key: ApiKey, fields: NewKey): KeyRecord {
    return { ...fields, hash: hashKey(key).toString('hex'), createdAt: new Date().toISOString(), revokedAt: null };
  }

  private describe(id: string, { hash: _hash, ...visible }: KeyRecord, lastUsedAt: string | null): KeyInfo {
    return { id, ...visible, lastUsedAt };
  }
}
