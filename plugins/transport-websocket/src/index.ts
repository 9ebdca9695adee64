import { Api, definePlugin, Transport } from '@soulbox/plugin-sdk';
import { WebSocketConfigSchema } from './config.ts';
import { WebSocketTransport } from './server.ts';

export { WebSocketConfigSchema, type WebSocketConfig } from './config.ts';
export { WebSocketTransport } from './server.ts';

export default definePlugin({
  id: 'transport-websocket',
  config: WebSocketConfigSchema,
  requires: { api: Api },
  provides: [Transport],
  // The port is held by one.
  reload: 'exclusive',
  setup(context, { api }) {
    const transport = new WebSocketTransport(api, context.config, context.log);
    context.hooks.tap('plugin.changed', () => transport.operationsChanged());
    context.health(async () => {
      const { connections, bufferedBytes } = transport.stats();
      return { status: 'up', detail: `${connections} connections, ${bufferedBytes} bytes not read yet` };
    });
    context.provide(Transport, transport, 'websocket');
    // The host closes transports before it stops plugins; what is open by now belongs to a plugin being replaced.
    return () => transport.close({ deadlineMs: 0 });
  },
});
