import { z } from '@soulbox/plugin-sdk';

const file = z.string().startsWith('/');

/** The configuration of the plugin; every default is written here. */
export const SettingsSchema = z.strictObject({
  /** Where the engine listens: `unix:///…`, `npipe:////./pipe/…`, `tcp://name:port` or `https://name:port`. */
  host: z
    .string()
    .regex(/^(unix:\/\/\/.+|npipe:\/\/.+|(tcp|http|https):\/\/[^/@\s]+\/?)$/, 'must be an address of an engine')
    .default('unix:///var/run/docker.sock'),
  /** PEM files for an engine that is reached through TLS. */
  tls: z.strictObject({ ca: file, cert: file, key: file }).optional(),
  /** How long one call to the engine may take, in milliseconds. */
  callTimeoutMs: z.int().min(100).max(600_000).default(10_000),
});
export type Settings = z.infer<typeof SettingsSchema>;
