import semver from 'semver';
import { SoulboxError } from '@soulbox/plugin-sdk';
import { editConfig } from '../config/edit.ts';
import type { Manifest } from '../plugins/manifest.ts';
import { chooseIsolation } from '../plugins/source.ts';
import { recordChange, type PluginChange } from './change-log.ts';
import { fitOf } from './fit.ts';
import { pinnedOf, verifiedPackage } from './locate.ts';
import { neighboursIn } from './neighbours.ts';
import { packageIn, type Pinned } from './places.ts';
import { boundaryOf, leftOutNotes, type Proposal } from './proposal.ts';
import { assertShadowsNothing } from './shadows.ts';
import type { PackageSpec } from './spec.ts';
import { stagePackage, type StagedPackage } from './stage.ts';
import { keepTree, leaveTree, sweepPackages } from './trees.ts';
import { entryOf, type Workplace } from './workplace.ts';

export interface UpdateRequest {
  readonly id: string;
  readonly spec: PackageSpec;
  /** Take a version that is older than the one that is there. */
  readonly downgrade?: boolean | undefined;
}

/** What an update takes the place of. */
interface Predecessor {
  readonly name: string;
  readonly pinned: Pinned;
  /** `undefined` when its files cannot be read any more. */
  readonly manifest: Manifest | undefined;
}

/** What of a plugin an update begins with. @throws not_found, conflict */
export function updatable(place: Workplace, id: string): Pick<Predecessor, 'name' | 'pinned'> {
  const entry = entryOf(place, id);
  const pinned = pinnedOf(entry);
  if (!pinned) {
    const message = `plugin ${id} was not added by a command: ${entry.package} is used as it lies there`;
    throw new SoulboxError('conflict', message);
  }
  return { name: entry.package, pinned };
}

/** @throws package_refused for another plugin, conflict for an older version. */
function assertSuccessor({ name, version, soulbox }: Manifest, old: Predecessor, { id, downgrade }: UpdateRequest) {
  if (name !== old.name || (old.manifest && soulbox.id !== old.manifest.soulbox.id))
    throw new SoulboxError('package_refused', `plugin ${id} is ${old.name}, but the package that came is ${name}`);
  if (semver.lt(version, old.pinned.version) && downgrade !== true) {
    const message = `plugin ${id} is ${old.pinned.version}: ${version} is older; --downgrade takes it all the same`;
    throw new SoulboxError('conflict', message);
  }
}

async function propose(place: Workplace, request: UpdateRequest, staged: StagedPackage): Promise<Proposal | undefined> {
  const { id } = request;
  const { manifest, integrity, tree } = staged;
  const entry = entryOf(place, id);
  const { name, pinned } = updatable(place, id);
  // Files that are gone, or that were tampered with, are a reason to put others in their place.
  const before = await verifiedPackage(id, entry, place.loaded).catch(() => undefined);
  assertSuccessor(manifest, { name, pinned, manifest: before?.manifest }, request);
  if (integrity === pinned.integrity && before) return undefined;
  const neighbours = await neighboursIn(place.loaded);
  const others = neighbours.filter((other) => other.id !== id);
  assertShadowsNothing(manifest, others);
  const where = place.loaded.where(['plugins', id]);
  const { problems, notes } = fitOf(neighbours, [...others, { id, where, manifest }]);
  if (problems[0]) throw problems[0];
  const isolation = chooseIsolation(manifest, entry.isolation);
  const change: PluginChange = {
    action: 'update',
    id,
    package: manifest.name,
    from: pinned.version,
    to: manifest.version,
    integrity,
    permissions: manifest.soulbox.permissions,
  };
  const sameVersion =
    integrity === pinned.integrity
      ? 'the files were not those that were added'
      : 'the same version, with other content';
  return {
    id,
    manifest,
    isolation,
    boundary: boundaryOf(place, id, packageIn(tree, manifest.name), isolation, manifest),
    permissionsBefore: before?.manifest.soulbox.permissions,
    notes: [...(pinned.version === manifest.version ? [sameVersion] : []), ...notes, ...leftOutNotes(staged)],
    apply: async () => {
      await keepTree(place.dataDir, id, staged, place.file);
      // Marked before it is named no more, or another command could sweep it away under a running host.
      await leaveTree(place.dataDir, id, pinned);
      await editConfig(place.file, [
        { path: ['plugins', id, 'version'], value: manifest.version },
        { path: ['plugins', id, 'integrity'], value: integrity },
      ]);
      await recordChange(place.dataDir, change);
      await sweepPackages(place.dataDir);
      return change;
    },
    [Symbol.asyncDispose]: () => staged[Symbol.asyncDispose](),
  };
}

/**
 * As {@link proposeAdd}, for another version of a plugin that was added. `undefined` when it is what is there already.
 * @throws as proposeAdd; not_found; conflict for an older version and for a plugin that was not added
 */
export async function proposeUpdate(place: Workplace, request: UpdateRequest): Promise<Proposal | undefined> {
  updatable(place, request.id);
  const staged = await stagePackage(place.dataDir, request.spec, place.signal);
  try {
    const proposal = await propose(place, request, staged);
    if (!proposal) await staged[Symbol.asyncDispose]();
    return proposal;
  } catch (thrown) {
    await staged[Symbol.asyncDispose]();
    throw thrown;
  }
}
