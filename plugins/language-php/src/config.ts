import { z } from '@soulbox/plugin-sdk';

export const ConfigSchema = z.strictObject({
  /** Name or absolute path of the interpreter for the command line. */
  command: z.string().min(1).default('php'),
  /** Names or absolute paths of other versions; by default those found in `PATH`. */
  versions: z.array(z.string().min(1)).optional(),
  /** What drivers that take toolchains from images know the image by; by default the plugin's own. */
  image: z.string().min(1).optional(),
  /** The Composer repository that dependencies come from. */
  repository: z.url({ protocol: /^https?$/ }).default('https://repo.packagist.org'),
  /** Further hosts that the repository refers to, with their ports. */
  downloads: z.array(z.string().regex(/^[^:]+:\d+$/)).default(['api.github.com:443', 'codeload.github.com:443']),
});
export type Config = z.infer<typeof ConfigSchema>;
