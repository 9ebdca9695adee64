import { LanguageRuntime, definePlugin } from '@soulbox/plugin-sdk';
import { ConfigSchema } from './config.ts';
import { pythonRuntime } from './runtime.ts';

/** Brings the language `python`. */
export default definePlugin({
  id: 'language-python',
  config: ConfigSchema,
  provides: [LanguageRuntime],
  setup(context) {
    const onUnusable = (detail: string) => context.log.warn({ detail }, 'Python cannot be used');
    context.provide(LanguageRuntime, pythonRuntime(context.config, onUnusable), 'python');
  },
});
