import { z } from '@soulbox/plugin-sdk';

export const ConfigSchema = z.strictObject({
  /** Name or absolute path of the interpreter. */
  command: z.string().min(1).default('ruby'),
  /** Names or absolute paths of other versions; by default those found in `PATH` and where rbenv keeps them. */
  versions: z.array(z.string().min(1)).optional(),
  /** What drivers that take toolchains from images know the image by; by default the plugin's own. */
  image: z.string().min(1).optional(),
  /** The gem server that dependencies come from. */
  source: z.url({ protocol: /^https?$/ }).default('https://rubygems.org/'),
  /** Further hosts that the server refers to, with their ports. */
  downloads: z.array(z.string().regex(/^[^:]+:\d+$/)).default(['index.rubygems.org:443']),
});
export type Config = z.infer<typeof ConfigSchema>;
