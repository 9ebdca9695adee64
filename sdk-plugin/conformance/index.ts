export * from './cache.ts';
export * from './language-runtime.ts';
export * from './sandbox-driver.ts';
export * from './store.ts';
export * from './transport-api.ts';
export * from './transport.ts';
