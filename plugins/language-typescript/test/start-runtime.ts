import type { LanguageRuntime } from '@soulbox/plugin-sdk';
import { CompilerPool } from '../src/compile/compiler-pool.ts';
import { ConfigSchema, type Config } from '../src/config.ts';
import { typescriptRuntime } from '../src/runtime.ts';

export interface StartedRuntime {
  readonly runtime: LanguageRuntime;
  /** Ends the compilers. */
  dispose(): Promise<void>;
}

/** A runtime with compilers of its own. */
export async function startRuntime(settings: Partial<Config> = {}): Promise<StartedRuntime> {
  const config = ConfigSchema.parse(settings);
  const compilers = new CompilerPool({ workers: config.compilers, timeoutMs: config.compileTimeoutMs, queue: 10 });
  return {
    runtime: typescriptRuntime(config, compilers, () => undefined),
    dispose: () => compilers.close(),
  };
}
