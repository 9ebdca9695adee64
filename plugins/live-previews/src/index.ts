import { definePlugin, LiveSandboxes, SandboxRecords, Store } from '@soulbox/plugin-sdk';
import { ConfigSchema } from './config.ts';
import { Listener } from './listener.ts';
import { addMappings } from './mapping-operations.ts';
import { Mappings } from './mappings.ts';
import { addPreviews } from './operations.ts';
import { Previews } from './previews.ts';
import { MappingRecord, PreviewRecord } from './shapes.ts';
import { Uses } from './uses.ts';

/** Shows what listens in sandboxes that stay: over HTTP and WebSocket, and at TCP ports of this machine. */
export default definePlugin({
  id: 'live-previews',
  config: ConfigSchema,
  requires: { sandboxes: LiveSandboxes, store: Store },
  // Ports are held by one at a time.
  reload: 'exclusive',
  async setup(context, { sandboxes, store }) {
    const { config } = context;
    const uses = new Uses(config.previewConnections);
    const previews = new Previews(config, await SandboxRecords.open(store, 'previews', PreviewRecord, sandboxes), uses);
    const mappings = new Mappings(
      context,
      sandboxes,
      await SandboxRecords.open(store, 'mappedPorts', MappingRecord, sandboxes),
      uses,
    );
    const listener = new Listener(context, sandboxes, previews, uses);
    await context.effect(async () => {
      // Who asks for a preview the next time is told.
      if (previews.any)
        await listener.open().catch((err: unknown) => context.log.error({ err }, 'previews are not served'));
      return () => listener.close();
    }, 'previews');
    await context.effect(async () => {
      await mappings.open();
      return () => mappings.close();
    }, 'mapped ports');

    context.hooks.tap('live.ended', async ({ sandbox: { id } }) => {
      await previews.forget(id);
      await mappings.forget(id);
    });
    addPreviews(context, sandboxes, previews, listener);
    addMappings(context, sandboxes, mappings);
  },
});
