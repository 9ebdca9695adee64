export * from './memory-store.ts';
export * from './run-plan-unsandboxed.ts';
export * from './scripted-sandbox.ts';
export * from './test-host.ts';
