import { ConfigSchema } from '../src/config.ts';
import { StandardLibrary } from '../src/library.ts';
import { findToolchains } from '../src/toolchains.ts';

/** Where the tests keep the compiled standard library: not below /tmp, which every box has anew. */
export const cache = `/var/tmp/soulbox-test-go-${process.getuid?.()}`;

// What is done once on a machine is done before the tests, none of which then waits for it.
const [usual] = await findToolchains(ConfigSchema.parse({ cache }));
await new StandardLibrary({ signal: new AbortController().signal, waitMs: 200_000 }).ready(usual);
