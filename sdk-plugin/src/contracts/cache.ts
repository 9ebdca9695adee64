import { tokens } from '../token.ts';

/** Bytes by key, which may vanish at any time. */
export interface Cache {
  get(key: string): Promise<Uint8Array | undefined>;
  /** `ttlMs` in milliseconds; absent means as long as there is room. */
  set(key: string, value: Uint8Array, ttlMs?: number): Promise<void>;
  /** Deleting what is not there is not an error. */
  delete(key: string): Promise<void>;
}
export const Cache = tokens<Cache>('cache', '1.0.0', ['get', 'set', 'delete']);
