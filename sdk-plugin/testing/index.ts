export { MemoryStore } from '@soulbox/plugin-sdk';
export * from './run-plan-unsandboxed.ts';
export * from './scripted-live.ts';
export * from './scripted-sandbox.ts';
export * from './serve-files.ts';
export * from './start-program.ts';
export * from './test-host.ts';
