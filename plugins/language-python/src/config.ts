import { z } from '@soulbox/plugin-sdk';

export const ConfigSchema = z.strictObject({
  /** Name or absolute path of the interpreter. */
  command: z.string().min(1).default('python3'),
  /** Whether programs see the third-party packages installed for that interpreter. */
  packages: z.boolean().default(true),
  /** Names or absolute paths of other versions; by default those found in `PATH` and where pyenv keeps them. */
  versions: z.array(z.string().min(1)).optional(),
  /** Modules that are loaded already when a program starts, if the interpreter has them; what a program imports is quick then. */
  preload: z
    .array(z.string().regex(/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/))
    .default([
      ...['bisect', 'collections', 'contextlib', 'copy', 'dataclasses', 'datetime', 'functools', 'heapq', 'itertools'],
      ...['json', 'math', 'operator', 'pathlib', 'random', 're', 'string', 'struct', 'threading', 'time', 'typing'],
    ]),
  /** What drivers that take toolchains from images know the image by; by default the plugin's own. */
  image: z.string().min(1).optional(),
  /** The package index that dependencies come from. */
  index: z.url({ protocol: /^https?$/ }).default('https://pypi.org/simple/'),
  /** Further hosts that the index refers to, with their ports. */
  downloads: z.array(z.string().regex(/^[^:]+:\d+$/)).default(['files.pythonhosted.org:443']),
});
export type Config = z.infer<typeof ConfigSchema>;
