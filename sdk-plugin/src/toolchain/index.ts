export * from './entry.ts';
export * from './evidence.ts';
export * from './node.ts';
export * from './paths.ts';
export * from './probe.ts';
export * from './runtime.ts';
