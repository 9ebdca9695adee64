import { z } from '@soulbox/plugin-sdk';

export const ConfigSchema = z.strictObject({
  /** Name or absolute path of the only `go` command to use; by default every toolchain found is. */
  command: z.string().min(1).optional(),
  /** What drivers know the image by that runs this language. */
  image: z.string().min(1).optional(),
  /** Where each toolchain's compiled standard library is kept; by default in the user's cache folder. */
  cache: z.string().startsWith('/').optional(),
  /** The proxy that modules are fetched from. */
  registry: z.url({ protocol: /^(https?|file)$/ }).default('https://proxy.golang.org'),
  /** The database that modules are checked against, or `off`. */
  checksums: z
    .string()
    .regex(/^(off|[a-z0-9.-]+)$/, 'must be a host, or off')
    .default('sum.golang.org'),
});
export type Config = z.infer<typeof ConfigSchema>;
