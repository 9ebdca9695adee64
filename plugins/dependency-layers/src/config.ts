import { z } from '@soulbox/plugin-sdk';

const mebibyte = 1024 * 1024;
const host = z.string().regex(/^[a-z0-9.-]+:\d{1,5}$/, 'must be of the form registry.example:443');

export const ConfigSchema = z.strictObject({
  /** What builds may reach, as host and port; anything else is refused. */
  allow: z
    .array(host)
    .default([
      'pypi.org:443',
      'files.pythonhosted.org:443',
      'registry.npmjs.org:443',
      'proxy.golang.org:443',
      'sum.golang.org:443',
      'index.crates.io:443',
      'static.crates.io:443',
      'rubygems.org:443',
      'index.rubygems.org:443',
      'repo.packagist.org:443',
      'api.github.com:443',
      'codeload.github.com:443',
    ]),
  /** Of these, those that may have an address on this machine or in a private network, as a mirror has. */
  private: z.array(host).default([]),
  /** The time of each stage of a build, in milliseconds. */
  wallMs: z.int().min(1_000).max(3_600_000).default(300_000),
  /** Memory of one build, in bytes. */
  memoryBytes: z
    .int()
    .min(64 * mebibyte)
    .default(1024 * mebibyte),
  /** What one layer, and all that is needed to build it, may take, in bytes. */
  layerBytes: z
    .int()
    .min(mebibyte)
    .default(512 * mebibyte),
  /** Files and folders in one layer. */
  layerFiles: z.int().min(1).max(1_000_000).default(100_000),
  /** Layers together, in bytes; those unused for longest go first. */
  totalBytes: z
    .int()
    .min(mebibyte)
    .default(4096 * mebibyte),
  /** Builds at one time; more wait. */
  builds: z.int().min(1).max(64).default(2),
  /** Builds that may wait; more are refused as `overloaded`. */
  queue: z.int().min(0).max(10_000).default(32),
});
export type Config = z.infer<typeof ConfigSchema>;
