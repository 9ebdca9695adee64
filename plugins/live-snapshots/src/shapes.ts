import { z } from '@soulbox/plugin-sdk';
import type { SnapshotRecord } from './records.ts';

export const SandboxParam = z.string().min(1).max(64);
export const SnapshotParam = z.string().min(1).max(64);
export const owner = { kind: 'tenant', idParam: 'snapshot' } as const;
/** Of a template: as a client writes it in `template` of `sandboxes.create`. */
export const NameParam = z.string().regex(/^[a-z0-9][a-z0-9._/-]{0,63}$/, 'must be a name such as data/science-1.2');
export const MetadataParam = z
  .record(z.string().min(1).max(100), z.string().max(1_000))
  .refine((given) => Object.keys(given).length <= 50, 'at most 50 entries');
export const keepErrors = ['conflict', 'overloaded', 'payload_too_large', 'storage_failed'] as const;

export const SnapshotSchema = z.object({
  id: z.string(),
  /** Of a template. */
  name: z.string().nullable(),
  metadata: z.record(z.string(), z.string()),
  /** Of sandboxes that are made of it, as its recipe says. */
  env: z.record(z.string(), z.string()),
  createdAt: z.string(),
  /** Where it was taken; `null` of one that was imported. */
  sandbox: z.string().nullable(),
  bytes: z.number(),
  /** Of its archive, in hexadecimal. */
  sha256: z.string(),
});

export function shown({ id, name, metadata, env, createdAt, sandbox, bytes, sha256 }: SnapshotRecord) {
  return { id, name, metadata, env, createdAt, sandbox, bytes, sha256 };
}
