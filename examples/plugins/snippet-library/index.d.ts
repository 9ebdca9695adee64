import type { Plugin, Token, WaterfallHook } from '@soulbox/plugin-sdk';

/** What is kept under a name. */
export interface Snippet {
  readonly language: string;
  readonly code: string;
}

/** What other plugins get who require {@link SnippetLibrary}. */
export interface SnippetLibraryService {
  /** @throws not_found */
  find(tenant: string, name: string): Promise<Snippet & { readonly name: string; readonly version: number }>;
}
export type SnippetLibraryToken = Token<SnippetLibraryService, 'one'>;
export declare const SnippetLibrary: SnippetLibraryToken;

declare module '@soulbox/plugin-sdk' {
  interface Hooks {
    /** A snippet is about to be saved; taps may change it, or refuse it by throwing a SoulboxError. */
    'snippet-library.saving': WaterfallHook<Snippet, { readonly name: string; readonly tenant: string }>;
  }
}

declare const plugin: Plugin;
export default plugin;
