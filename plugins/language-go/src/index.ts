import { LanguageRuntime, definePlugin } from '@soulbox/plugin-sdk';
import { languageImage } from '@soulbox/plugin-sdk/toolchain';
import { ConfigSchema } from './config.ts';
import { goRuntime } from './runtime.ts';

/** Brings the language `go`. */
export default definePlugin({
  id: 'language-go',
  config: ConfigSchema,
  provides: [LanguageRuntime],
  setup(context) {
    const { config, log, signal } = context;
    const image = languageImage(new URL('../..', import.meta.url), config.image);
    const onUnusable = (detail: string) => log.warn({ detail }, 'Go cannot be used');
    context.provide(LanguageRuntime, goRuntime({ config, image, onUnusable, signal }), 'go');
  },
});
