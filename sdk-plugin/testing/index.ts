export * from './memory-store.ts';
export * from './run-plan-unsandboxed.ts';
export * from './scripted-sandbox.ts';
export * from './serve-files.ts';
export * from './test-host.ts';
export * from './packaged-service.ts';
