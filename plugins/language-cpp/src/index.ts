import { LanguageRuntime, definePlugin } from '@soulbox/plugin-sdk';
import { languageImage } from '@soulbox/plugin-sdk/toolchain';
import { ConfigSchema } from './config.ts';
import { cppRuntime } from './runtime.ts';

/** Brings the language `cpp`. */
export default definePlugin({
  id: 'language-cpp',
  config: ConfigSchema,
  provides: [LanguageRuntime],
  setup(context) {
    const { config, log } = context;
    const image = languageImage(new URL('../..', import.meta.url), config.image);
    const onUnusable = (detail: string) => log.warn({ detail }, 'no C++ compiler can be used');
    context.provide(LanguageRuntime, cppRuntime({ config, image, onUnusable }), 'cpp');
  },
});
