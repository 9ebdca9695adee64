import { declareCapabilities } from './declare-capabilities.ts';
import type { Migration } from './migration.ts';

/** In the order in which they are made: by version. */
export const migrations: readonly Migration[] = [declareCapabilities];
