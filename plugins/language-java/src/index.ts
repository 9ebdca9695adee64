import { LanguageRuntime, definePlugin } from '@soulbox/plugin-sdk';
import { ConfigSchema } from './config.ts';
import { javaRuntime } from './runtime.ts';

/** Brings the language `java`. */
export default definePlugin({
  id: 'language-java',
  config: ConfigSchema,
  provides: [LanguageRuntime],
  setup(context) {
    const onUnusable = (detail: string) => context.log.warn({ detail }, 'The JDK cannot be used');
    context.provide(LanguageRuntime, javaRuntime(context.config, onUnusable), 'java');
  },
});
