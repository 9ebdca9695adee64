export { ConnectedAgent } from './agent.ts';
export { LiveConnection, type ConnectLive, type LiveConnectionOptions } from './connection.ts';
