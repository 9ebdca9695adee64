import { z } from '@soulbox/plugin-sdk';

export const SandboxParam = z.string().min(1).max(64);
export const PortParam = z.int().min(1).max(65_535);
export const AccessSchema = z.enum(['token', 'public']);
export const owner = { kind: 'tenant', idParam: 'sandbox' } as const;
export const sandboxErrors = ['not_found', 'sandbox_lost', 'sandbox_paused', 'draining'] as const;

/** As the store has it; its id is {@link placeOf} its port and sandbox. */
export const PreviewRecord = z.object({
  tenant: z.string(),
  sandbox: z.string(),
  port: PortParam,
  access: AccessSchema,
  /** SHA-256 of the token, in hexadecimal. */
  tokenHash: z.string().nullable(),
  createdAt: z.string(),
  expiresAt: z.string().nullable(),
});
export type PreviewRecord = z.infer<typeof PreviewRecord> & { readonly id: string };

export const MappingRecord = z.object({
  tenant: z.string(),
  sandbox: z.string(),
  port: PortParam,
  hostPort: PortParam,
  createdAt: z.string(),
});
export type MappingRecord = z.infer<typeof MappingRecord> & { readonly id: string };

/** How a port of a sandbox is written in host names and paths: `8000-sb0123`. */
export const placeOf = (port: number, sandbox: string): string => `${port}-${sandbox}`;

export const PreviewSchema = z.object({
  sandbox: z.string(),
  port: z.number(),
  access: AccessSchema,
  /** At a host name of its own. */
  url: z.string(),
  /** At the common host name, for programs; `null` where that is switched off. */
  pathUrl: z.string().nullable(),
  createdAt: z.string(),
  expiresAt: z.string().nullable(),
});

export const MappingSchema = z.object({
  sandbox: z.string(),
  port: z.number(),
  host: z.string(),
  hostPort: z.number(),
  createdAt: z.string(),
});
