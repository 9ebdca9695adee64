import { Transport } from '@soulbox/plugin-sdk';
import { apiPlugin, bothWays, transportSuite } from '@soulbox/plugin-sdk/conformance';
import { connect } from '../src/client/index.ts';

bothWays(new URL('../..', import.meta.url), (way) => {
  transportSuite({
    name: 'transport-websocket',
    create: async (api, { port }) => {
      const plugins = { suite: { plugin: await apiPlugin(api) } };
      const { transport, dispose } = await way.start({ transport: Transport }, { plugins, settings: { port } });
      return { transport, connect, dispose };
    },
  });
});
