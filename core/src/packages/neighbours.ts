import type { LoadedConfig } from '../config/load.ts';
import type { Manifest } from '../plugins/manifest.ts';
import { locatePackage } from './locate.ts';

/** A configured plugin as others see it before any code runs. */
export interface Neighbour {
  readonly id: string;
  /** Where the configuration names it. */
  readonly where: string;
  readonly manifest: Manifest;
}

/** The configured plugins whose packages can be read; what is wrong with the others is not the matter here. */
export async function neighboursIn(loaded: LoadedConfig): Promise<Neighbour[]> {
  const found: Neighbour[] = [];
  for (const [id, entry] of Object.entries(loaded.config.plugins)) {
    const located = entry === false ? undefined : await locatePackage(id, entry, loaded).catch(() => undefined);
    if (located) found.push({ id, where: loaded.where(['plugins', id]), manifest: located.manifest });
  }
  return found;
}
