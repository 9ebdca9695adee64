export * from './address.ts';
export * from './bind.ts';
