import type { Config } from './schema.ts';

/** The top-level parts, apart from the plugins, in which two configurations differ. */
export function changedParts(before: Config, after: Config): string[] {
  const parts = (Object.keys(after) as (keyof Config)[]).filter((key) => key !== 'plugins' && key !== 'extends');
  return parts.filter((part) => JSON.stringify(before[part]) !== JSON.stringify(after[part]));
}
