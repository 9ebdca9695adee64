import { definePlugin, LanguageRuntime, LiveSandboxes, Store } from '@soulbox/plugin-sdk';
import { ConfigSchema } from './config.ts';
import { Contexts } from './contexts.ts';
import { addManagement } from './manage.ts';
import { ContextRecords } from './records.ts';
import { addRun } from './run.ts';

/** Keeps interpreters in sandboxes that stay, for notebooks and agents. */
export default definePlugin({
  id: 'live-contexts',
  config: ConfigSchema,
  requires: { languages: LanguageRuntime, sandboxes: LiveSandboxes, store: Store },
  async setup(context, { languages, sandboxes, store }) {
    const contexts = new Contexts(context.config, await ContextRecords.open(store), languages);
    context.hooks.tap('live.ended', ({ sandbox }) => contexts.forget(sandbox.id));
    addManagement(context, sandboxes, contexts);
    addRun(context, sandboxes, contexts);
  },
});
