import { LanguageRuntime, definePlugin } from '@soulbox/plugin-sdk';
import { languageImage } from '@soulbox/plugin-sdk/toolchain';
import { ConfigSchema } from './config.ts';
import { rustRuntime } from './runtime.ts';

/** Brings the language `rust`. */
export default definePlugin({
  id: 'language-rust',
  config: ConfigSchema,
  provides: [LanguageRuntime],
  setup(context) {
    const { config, log } = context;
    const image = languageImage(new URL('../..', import.meta.url), config.image);
    const onUnusable = (detail: string) => log.warn({ detail }, 'Rust cannot be used');
    context.provide(LanguageRuntime, rustRuntime({ config, image, onUnusable }), 'rust');
  },
});
