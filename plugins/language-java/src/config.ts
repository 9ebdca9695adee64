import { z } from '@soulbox/plugin-sdk';

export const ConfigSchema = z.strictObject({
  /** Name or absolute path of `javac`; its JDK is the usual one. */
  command: z.string().min(1).default('javac'),
  /** Absolute paths of other JDKs; by default those below `/usr/lib/jvm`. */
  versions: z.array(z.string().startsWith('/')).optional(),
  /** What drivers that take toolchains from images know the image by; by default the plugin's own. */
  image: z.string().min(1).optional(),
  /** The most that a program's heap may grow to, in MiB, whatever its limit of memory; 32 to 32,000. */
  heapMiB: z.int().min(32).max(32_000).default(8_192),
  /** Whether a compiler waits in boxes in which Java is used. */
  waiting: z.boolean().default(true),
});
export type Config = z.infer<typeof ConfigSchema>;
