import { z } from '@soulbox/plugin-sdk';
import { parseRange } from './ranges.ts';

const range = z.string().refine((text) => parseRange(text) !== undefined, 'must be an address or a CIDR: 10.1.0.0/16');

/** The configuration of the plugin; every default is written here. */
export const ConfigSchema = z.strictObject({
  /** What sandboxes may ask for. */
  modes: z
    .array(z.enum(['none', 'restricted', 'open']))
    .min(1)
    .default(['none', 'restricted', 'open']),
  /** Whether a tenant's sandboxes may have private networks among themselves. */
  privateNetworks: z.boolean().default(true),
  /**
   * Ranges that are closed to every sandbox unless they are here, and its own rules allow them by address: private,
   * link-local and loopback ones, and the addresses of this machine.
   */
  granted: z.array(range).default([]),
  /** Who is asked for names: `192.0.2.1` or `192.0.2.1:53`. Default: whom this machine asks. */
  nameServers: z.array(z.string().min(1)).min(1).optional(),
  nameTimeoutMs: z.int().min(1).max(60_000).default(5_000),
  connectTimeoutMs: z.int().min(1).max(300_000).default(10_000),
  /** Connections that a sandbox may have at once. */
  connections: z.int().min(1).max(100_000).default(256),
  /** Names whose addresses a sandbox may know at once; the one asked for least recently makes room. */
  names: z.int().min(1).max(65_000).default(1_024),
  /** Decisions on connections and names that are kept of each sandbox. */
  decisions: z.int().min(1).max(10_000).default(100),
});
export type Config = z.infer<typeof ConfigSchema>;
