import { LanguageRuntime, definePlugin } from '@soulbox/plugin-sdk';
import { languageImage } from '@soulbox/plugin-sdk/toolchain';
import { ConfigSchema } from './config.ts';
import { PrecompiledHeaders } from './precompiled.ts';
import { cppRuntime } from './runtime.ts';

/** Brings the language `cpp`. */
export default definePlugin({
  id: 'language-cpp',
  config: ConfigSchema,
  provides: [LanguageRuntime],
  setup(context) {
    const { config, log, signal } = context;
    const image = languageImage(new URL('../..', import.meta.url), config.image);
    const onUnusable = (detail: string) => log.warn({ detail }, 'no C++ compiler can be used');
    const onFailure = (detail: string) => log.warn({ detail }, 'headers of C++ could not be precompiled');
    const precompiled = new PrecompiledHeaders({ signal, onFailure });
    context.provide(LanguageRuntime, cppRuntime({ config, image, onUnusable, precompiled }), 'cpp');
  },
});
