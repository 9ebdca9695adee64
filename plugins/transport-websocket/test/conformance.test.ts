import { lifecycleSuite, packageSuite, transportSuite } from '@soulbox/plugin-sdk/conformance';
import { connect } from '../src/client/index.ts';
import plugin, { WebSocketConfigSchema, WebSocketTransport } from '../src/index.ts';
import { recordingLog } from './support/serve.ts';

transportSuite({
  name: 'transport-websocket',
  create: async (api, { port }) => {
    const transport = new WebSocketTransport(api, WebSocketConfigSchema.parse({ port }), recordingLog().log);
    return { transport, connect, dispose: () => transport.close({ deadlineMs: 0 }) };
  },
});

packageSuite({ folder: new URL('../../', import.meta.url) });

lifecycleSuite({
  plugin,
  config: { port: 0 },
  listen: true,
  badConfigs: {
    'a public address without a word': { host: '0.0.0.0' },
    'an origin with a path': { port: 0, allowedOrigins: ['https://app.example/'] },
    'an unknown key': { port: 0, prot: 1 },
  },
});
