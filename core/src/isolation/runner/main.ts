/** The process of one isolated plugin. Started by the host with an IPC channel, over which everything else comes. */
import { Bridge } from '../bridge.ts';
import { forwardingLog } from './forwarding-log.ts';
import { PluginSession } from './session.ts';

const send = (message: object) => {
  // The callback takes the error of a host that is gone; disconnection ends this process anyway.
  process.send?.(message, undefined, undefined, () => undefined);
};

const log = forwardingLog((line) => bridge.tell('log', [line]));
const session = new PluginSession(() => bridge, log);
const bridge: Bridge = new Bridge(session.root, { send, log });

process.on('message', (message) => bridge.receive(message));
// A terminal sends these to every process of the command. The host decides when a plugin stops.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit(0));
// A late error ends an isolated plugin, as it would be put into quarantine inline; the host hears why.
const fatal = (thrown: unknown) => {
  const { message, stack = '' } = thrown instanceof Error ? thrown : new Error(String(thrown));
  process.send?.({ jsonrpc: '2.0', method: 'root', params: { name: 'fatal', args: [message, stack] } }, () =>
    process.exit(70),
  );
};
process.on('uncaughtException', fatal);
process.on('unhandledRejection', fatal);
process.send?.({ jsonrpc: '2.0', method: 'root', params: { name: 'ready', args: [] } });
