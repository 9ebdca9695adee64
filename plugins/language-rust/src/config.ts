import { z } from '@soulbox/plugin-sdk';

export const ConfigSchema = z.strictObject({
  /** Name or absolute path of the only compiler to use; by default every toolchain found is. */
  command: z.string().min(1).optional(),
  /** What drivers know the image by that runs this language. */
  image: z.string().min(1).optional(),
  /** The edition of programs without a Cargo.toml. */
  edition: z.enum(['2015', '2018', '2021', '2024']).default('2021'),
  /** Options of the compiler for programs without a Cargo.toml. */
  options: z.array(z.string().min(1)).default(['-C', 'opt-level=1', '-C', 'debug-assertions=on']),
  /** The sparse index that crates are fetched from; by default that of crates.io. */
  registry: z.url({ protocol: /^https?$/ }).optional(),
  /** Further hosts, such as `crates.example:443`, that the index sends its clients to. */
  registryHosts: z.array(z.string().regex(/^[^\s:/]+:\d+$/, 'must be a host and a port')).default([]),
});
export type Config = z.infer<typeof ConfigSchema>;
