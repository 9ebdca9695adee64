import { z } from '@soulbox/plugin-sdk';
import { ScopeSchema } from './scopes.ts';

const time = z.iso.datetime();

export const TenantSchema = z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/, 'must be a name like acme');
export const NameSchema = z
  .string()
  .max(100)
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]+$/u, 'must be one line of printable text');

/** What the store keeps of a key. */
export const KeyRecordSchema = z.object({
  name: z.string(),
  tenant: z.string().min(1),
  scopes: z.array(ScopeSchema),
  /** SHA-256 of the key, in hexadecimal. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  createdAt: time,
  /** The id of a principal. */
  createdBy: z.string(),
  expiresAt: time.nullable(),
  revokedAt: time.nullable(),
});
export type KeyRecord = Readonly<z.infer<typeof KeyRecordSchema>>;

/** What a client gets to see of a key. */
export const KeyInfoSchema = KeyRecordSchema.omit({ hash: true }).extend({
  id: z.string(),
  /** To within the configured interval. */
  lastUsedAt: time.nullable(),
});
export type KeyInfo = Readonly<z.infer<typeof KeyInfoSchema>>;

/** Whether a key may be used at a time, in milliseconds since 1970. */
export function isUsable({ revokedAt, expiresAt }: KeyRecord, now: number): boolean {
  return revokedAt === null && (expiresAt === null || now < Date.parse(expiresAt));
}

/** The id of the principal that a key stands for. */
export function principalIdOf(keyId: string): string {
  return `key:${keyId}`;
}

/** The key that a principal's id names, if it is one of these. */
export function keyIdOf(principalId: string): string | undefined {
  return principalId.startsWith('key:') ? principalId.slice(4) : undefined;
}
