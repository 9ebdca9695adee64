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
  /** The time for compiling one program, in milliseconds. */
  compileTimeoutMs: z.int().min(100).max(60_000).default(5_000),
  /** The size of the TypeScript and JavaScript of one program, in bytes. Compiling takes up to a hundred times as much memory. */
  maxSourceBytes: z.int().min(1_024).max(8_388_608).default(2_097_152),
  /** How many programs are compiled at one time. */
  compilers: z.int().min(1).max(16).default(2),
});
export type Config = z.infer<typeof ConfigSchema>;
