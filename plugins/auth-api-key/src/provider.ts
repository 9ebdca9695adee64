import { timingSafeEqual } from 'node:crypto';
import type { AuthProvider, Credentials, Principal } from '@soulbox/plugin-sdk';
import type { KeyCache } from './key-cache.ts';
import { hashKey, readKey } from './key-format.ts';
import { isUsable, principalIdOf } from './key-record.ts';
import type { KeyRepository } from './key-repository.ts';
import type { UseRecorder } from './use-recorder.ts';

/** Compared with where there is no key, so that an unknown id takes the same work as a wrong secret. */
const nobody = '0'.repeat(64);

/** Recognises bearers of keys. */
export class ApiKeyProvider implements AuthProvider {
  private readonly repository: KeyRepository;
  private readonly cache: KeyCache;
  private readonly uses: UseRecorder;

  constructor(repository: KeyRepository, cache: KeyCache, uses: UseRecorder) {
    this.repository = repository;
    this.cache = cache;
    this.uses = uses;
  }

  async describe(): Promise<{ readonly schemes: readonly string[] }> {
    return { schemes: ['bearer'] };
  }

  async verify({ scheme, value }: Credentials, { signal }: { signal: AbortSignal }): Promise<Principal | undefined> {
    signal.throwIfAborted();
    const key = scheme === 'bearer' ? readKey(value) : undefined;
    if (!key) return undefined;
    const record = await this.cache.get(key.id);
    const matches = timingSafeEqual(hashKey(key), Buffer.from(record?.hash ?? nobody, 'hex'));
    if (!record || !matches || !isUsable(record, Date.now())) return undefined;
    this.uses.used(key.id);
    const { tenant, scopes } = record;
    return Object.freeze({
      id: principalIdOf(key.id),
      tenant,
      roles: Object.freeze([]),
      scopes: Object.freeze([...scopes]),
    });
  }

  async bootstrap(): Promise<{ readonly label: string; readonly secret: string } | undefined> {
    const key = await this.repository.createFirst({
      name: 'admin',
      tenant: 'default',
      scopes: ['*'],
      createdBy: 'host',
      expiresAt: null,
    });
    return key && { label: 'admin key', secret: key.text };
  }
}
