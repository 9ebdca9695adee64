import { LanguageRuntime, definePlugin } from '@soulbox/plugin-sdk';
import { ConfigSchema } from './config.ts';
import { rubyRuntime } from './runtime.ts';

/** Brings the language `ruby`. */
export default definePlugin({
  id: 'language-ruby',
  config: ConfigSchema,
  provides: [LanguageRuntime],
  setup(context) {
    const onUnusable = (detail: string) => context.log.warn({ detail }, 'Ruby cannot be used');
    context.provide(LanguageRuntime, rubyRuntime(context.config, onUnusable), 'ruby');
  },
});
