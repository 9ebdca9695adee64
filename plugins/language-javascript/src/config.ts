import { z } from '@soulbox/plugin-sdk';

export const ConfigSchema = z.strictObject({
  /** Name or absolute path of Node.js; by default the one that runs the host. */
  command: z.string().min(1).optional(),
  /** Names or absolute paths of other versions; by default those found in `PATH` and where nvm and n keep them. */
  versions: z.array(z.string().min(1)).optional(),
  /** What drivers that take toolchains from images know the image by; by default the plugin's own. */
  image: z.string().min(1).optional(),
  /** The npm registry that dependencies come from. */
  registry: z.url({ protocol: /^https?$/ }).default('https://registry.npmjs.org/'),
});
export type Config = z.infer<typeof ConfigSchema>;
