export * from './cache.ts';
export * from './store.ts';
