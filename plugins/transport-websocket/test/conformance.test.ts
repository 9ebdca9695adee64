import { transportSuite } from '@soulbox/plugin-sdk/conformance';
import { connect } from '../src/client/index.ts';
import { WebSocketConfigSchema, WebSocketTransport } from '../src/index.ts';
import { recordingLog } from './support/serve.ts';

transportSuite({
  name: 'transport-websocket',
  create: async (api, { port }) => {
    const transport = new WebSocketTransport(api, WebSocketConfigSchema.parse({ port }), recordingLog().log);
    return { transport, connect, dispose: () => transport.close({ deadlineMs: 0 }) };
  },
});
