import { LanguageRuntime, definePlugin } from '@soulbox/plugin-sdk';
import { ConfigSchema } from './config.ts';
import { phpRuntime } from './runtime.ts';

/** Brings the language `php`. */
export default definePlugin({
  id: 'language-php',
  config: ConfigSchema,
  provides: [LanguageRuntime],
  setup(context) {
    const onUnusable = (detail: string) => context.log.warn({ detail }, 'PHP cannot be used');
    context.provide(LanguageRuntime, phpRuntime(context.config, onUnusable), 'php');
  },
});
