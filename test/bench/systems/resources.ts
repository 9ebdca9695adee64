import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../support/soulbox.ts';
import { findToolchains, type Toolchains } from '../../support/toolchains.ts';
import { startBenchEngine, type BenchEngine } from './engine.ts';

/** What several systems need, made once. */
export interface Resources {
  readonly toolchains: Toolchains;
  /** A folder for everything, removed at the end. */
  readonly folder: string;
  /** The TypeScript compiler of this tree, for what has none. */
  readonly tsc: string;
  /** A new folder for one program. */
  makeFolder(): string;
  /** One engine for all that need one, started when the first asks. */
  engine(): Promise<BenchEngine>;
  close(): Promise<void>;
}

export async function openResources(): Promise<Resources> {
  const toolchains = await findToolchains();
  const folder = await mkdtemp(join(tmpdir(), 'soulbox-bench-'));
  let engine: Promise<BenchEngine> | undefined;
  let programs = 0;
  return {
    toolchains,
    folder,
    tsc: join(root, 'node_modules/typescript/bin/tsc'),
    makeFolder: () => join(folder, `program-${(programs += 1)}`),
    engine: () => (engine ??= startBenchEngine(toolchains)),
    close: async () => {
      await (await engine?.catch(() => undefined))?.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
