import { LanguageRuntime, definePlugin } from '@soulbox/plugin-sdk';
import { ConfigSchema } from './config.ts';
import { javascriptRuntime } from './runtime.ts';

/** Brings the language `javascript`. */
export default definePlugin({
  id: 'language-javascript',
  config: ConfigSchema,
  provides: [LanguageRuntime],
  setup(context) {
    const onUnusable = (detail: string) => context.log.warn({ detail }, 'Node.js cannot be used');
    context.provide(LanguageRuntime, javascriptRuntime(context.config, onUnusable), 'javascript');
  },
});
