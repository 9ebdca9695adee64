import { join } from 'node:path';
import { ConfigSchema } from '../src/config.ts';
import { StandardLibrary } from '../src/library.ts';
import { findToolchains } from '../src/toolchains.ts';

/** Where the tests keep the compiled standard library: with the caches of the run, which the test runner removes. */
export const cache = join(process.env['XDG_CACHE_HOME'] ?? `/var/tmp/soulbox-test-${process.getuid?.()}`, 'soulbox/go');

// What is done once on a machine is done before the tests, none of which then waits for it.
const [usual] = await findToolchains(ConfigSchema.parse({ cache }));
await new StandardLibrary({ signal: new AbortController().signal, waitMs: 200_000 }).ready(usual);
