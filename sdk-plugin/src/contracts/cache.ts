import { tokens } from '../token.ts';

/**
 * Bytes by key, which may vanish at any time. One that cannot be reached, or takes no more, is like one that has nothing:
 * `get` and `set` do not reject for that, nor take long.
 */
export interface Cache {
  get(key: string): Promise<Uint8Array | undefined>;
  /** `ttlMs` in milliseconds; absent means as long as there is room. */
  set(key: string, value: Uint8Array, ttlMs?: number): Promise<void>;
  /** Deleting what is not there is not an error. @throws storage_failed when it may still be there. */
  delete(key: string): Promise<void>;
}
export const Cache = tokens<Cache>('cache', '1.0.0', ['get', 'set', 'delete']);
