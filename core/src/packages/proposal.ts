import type { Permissions } from '@soulbox/plugin-sdk';
import { noBoundary, processBoundary } from '../isolation/boundary.ts';
import { permissionPlan } from '../isolation/permission-flags.ts';
import type { Manifest } from '../plugins/manifest.ts';
import { pluginDataDir } from '../plugins/plugin-context.ts';
import type { Boundary, Isolation } from '../plugins/source.ts';
import type { PluginChange } from './change-log.ts';
import type { StagedPackage } from './stage.ts';
import type { Workplace } from './workplace.ts';

/** A plugin that could take its place, with all that somebody must know to decide whether it may. */
export interface Proposal extends AsyncDisposable {
  readonly id: string;
  readonly manifest: Manifest;
  readonly isolation: Isolation;
  readonly boundary: Boundary;
  /** What was granted to the version before; `undefined` where there is none. */
  readonly permissionsBefore: Permissions | undefined;
  /** What is worth knowing and no reason to refuse. */
  readonly notes: readonly string[];
  /** Makes it so. */
  apply(): Promise<PluginChange>;
}

/** What would separate a plugin from the host, told before any of its code runs. */
export function boundaryOf(
  { dataDir }: Workplace,
  id: string,
  folder: string,
  isolation: Isolation,
  { soulbox: { permissions } }: Manifest,
): Boundary {
  if (isolation === 'inline') return noBoundary;
  return processBoundary(permissionPlan({ folder, dataDir: pluginDataDir(dataDir, id), permissions }));
}

/** What was not run of the packages that came with a plugin. */
export function leftOutNotes(staged: Pick<StagedPackage, 'leftOut'> | undefined): string[] {
  return (staged?.leftOut ?? []).map((name) => `the installation script of ${name} was left out`);
}
