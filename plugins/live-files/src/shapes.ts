import { z, type FileEntry } from '@soulbox/plugin-sdk';

export const SandboxParam = z.string().min(1).max(64);
/** Absolute, or relative to `/home/sandbox`. What it may be, the sandbox decides. */
export const PathParam = z.string().min(1).max(4_096);
export const ModeParam = z.int().min(0).max(0o7777);
export const EncodingSchema = z.enum(['utf8', 'base64']);
export const owner = { kind: 'tenant', idParam: 'sandbox' } as const;

export const sandboxErrors = ['not_found', 'sandbox_lost', 'sandbox_paused', 'draining', 'plugin_timeout'] as const;
export const pathErrors = [...sandboxErrors, 'path_not_found', 'path_denied', 'not_a_folder', 'is_a_folder'] as const;
export const writeErrors = [...pathErrors, 'path_exists', 'disk_full', 'overloaded'] as const;

export const EntrySchema = z.object({
  path: z.string(),
  type: z.enum(['file', 'folder', 'link', 'other']),
  size: z.number(),
  mode: z.number(),
  /** Milliseconds since the epoch. */
  modifiedAt: z.number(),
  /** What a link names. */
  target: z.string().nullable(),
  uid: z.number(),
});

export const shown = ({ target, ...rest }: FileEntry): z.infer<typeof EntrySchema> => ({
  ...rest,
  target: target ?? null,
});

/** Those whose value there is. */
export function present<T extends object>(entries: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as never;
}
