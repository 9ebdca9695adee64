import { LanguageRuntime, definePlugin } from '@soulbox/plugin-sdk';
import { CompilerPool } from './compile/compiler-pool.ts';
import { ConfigSchema } from './config.ts';
import { typescriptRuntime } from './runtime.ts';

const queue = 200;

/** Brings the language `typescript`. */
export default definePlugin({
  id: 'language-typescript',
  config: ConfigSchema,
  provides: [LanguageRuntime],
  async setup(context) {
    const { config, log } = context;
    const compilers = new CompilerPool({ workers: config.compilers, timeoutMs: config.compileTimeoutMs, queue });
    await context.effect(() => () => compilers.close(), 'compilers');
    const onUnusable = (detail: string) => log.warn({ detail }, 'Node.js cannot be used');
    context.provide(LanguageRuntime, typescriptRuntime(config, compilers, onUnusable), 'typescript');
  },
});
