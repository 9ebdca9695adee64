import { z } from '@soulbox/plugin-sdk';

/** How the images of languages are built. */
export const ImageSettingsSchema = z.strictObject({
  /** What they stand on. */
  base: z.string().min(1).default('debian:bookworm-slim'),
  /** The network of the build, such as `host`; by default the engine's own choice. */
  network: z.string().min(1).optional(),
  /** Build arguments for every image, such as mirrors of package registries. */
  arguments: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string()).default({}),
  /** How many are built at one time. */
  parallel: z.int().min(1).max(32).default(2),
  /** How long one may take. */
  timeoutMs: z.int().min(1000).max(86_400_000).default(1_800_000),
});
export type ImageSettings = z.infer<typeof ImageSettingsSchema>;
