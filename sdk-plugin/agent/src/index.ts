export { AgentProcess } from './agent-process.ts';
export { AgentConnection, type AgentConnectionOptions } from './connection.ts';
export { enforcementFrom } from './enforcement.ts';
export { locateAgent } from './locate.ts';
export type { Facts } from './message.ts';
