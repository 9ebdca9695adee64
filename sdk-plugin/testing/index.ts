export * from './memory-store.ts';
export * from './scripted-sandbox.ts';
export * from './test-host.ts';
