export { Boxes, noSuchSandbox, type LiveBox } from './boxes.ts';
export { removeStaleSecrets } from './canary.ts';
export { AgentConnection, type AgentConnectionOptions } from './connection.ts';
export { enforcementFrom } from './enforcement.ts';
export { hostIdentity, type HostIdentity } from './host-identity.ts';
export { locateAgent } from './locate.ts';
export type { Facts } from './message.ts';
export { probeWithCanary, unavailable } from './probe.ts';
export { checkUidRange, UidBlocks, type UidBlock } from './uid-blocks.ts';
