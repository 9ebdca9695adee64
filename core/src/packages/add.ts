import { dirname, relative } from 'node:path';
import { SoulboxError, type Isolation } from '@soulbox/plugin-sdk';
import { editConfig } from '../config/edit.ts';
import type { Manifest } from '../plugins/manifest.ts';
import { resolvePackage } from '../plugins/resolve.ts';
import { chooseIsolation } from '../plugins/source.ts';
import { recordChange, type PluginChange } from './change-log.ts';
import { fitOf } from './fit.ts';
import { assertPeersSeen } from './installable.ts';
import { neighboursIn } from './neighbours.ts';
import { packageIn } from './places.ts';
import { boundaryOf, leftOutNotes, type Proposal } from './proposal.ts';
import { assertNewPackage, assertShadowsNothing } from './shadows.ts';
import type { PackageSpec } from './spec.ts';
import { stagePackage, type StagedPackage } from './stage.ts';
import { keepTree, sweepPackages } from './trees.ts';
import type { Workplace } from './workplace.ts';

export interface AddRequest {
  readonly spec: PackageSpec;
  /** The instance id; by default the one of the manifest. */
  readonly id?: string | undefined;
  /** Where it runs; by default in a process of its own if it can: it is a stranger's. */
  readonly isolation?: Isolation | undefined;
  /** Use a folder as it lies there, instead of a copy. */
  readonly link?: boolean | undefined;
}

/** A package and how its entry names it. */
interface Source {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly named: Readonly<Record<string, unknown>>;
  readonly staged: StagedPackage | undefined;
}

async function linked(place: Workplace, spec: PackageSpec): Promise<Source> {
  if (spec.kind !== 'folder') throw new SoulboxError('invalid_params', 'only a folder can be linked');
  const { folder, manifest } = await resolvePackage(spec.path, []);
  await assertPeersSeen(folder);
  const path = relative(dirname(place.file), folder);
  return { folder, manifest, named: { package: path.startsWith('.') ? path : `./${path}` }, staged: undefined };
}

async function copied(place: Workplace, spec: PackageSpec): Promise<Source> {
  const staged = await stagePackage(place.dataDir, spec, place.signal);
  const { manifest, integrity, tree } = staged;
  const named = { package: manifest.name, version: manifest.version, integrity };
  return { folder: packageIn(tree, manifest.name), manifest, named, staged };
}

function assertFree({ loaded }: Workplace, id: string): void {
  if (!/^[a-z][a-z0-9]*([-:][a-z0-9]+)*$/.test(id))
    throw new SoulboxError('invalid_params', `the id "${id}" is not in kebab-case`);
  // One that was left out by `false` may come back as something else.
  const { plugins } = loaded.config;
  if (Object.hasOwn(plugins, id) && plugins[id] !== false)
    throw new SoulboxError('conflict', `a plugin ${id} is configured at ${loaded.where(['plugins', id])}`);
}

async function propose(place: Workplace, request: AddRequest, source: Source): Promise<Proposal> {
  const { folder, manifest, named, staged } = source;
  const { id = manifest.soulbox.id } = request;
  assertFree(place, id);
  const others = await neighboursIn(place.loaded);
  assertShadowsNothing(manifest, others);
  if (request.id === undefined) assertNewPackage(manifest, others);
  const { problems, notes } = fitOf(others, [...others, { id, where: 'the package to add', manifest }]);
  if (problems[0]) throw problems[0];
  const preferred = manifest.soulbox.isolation.includes('process') ? 'process' : undefined;
  const isolation = chooseIsolation(manifest, request.isolation ?? preferred);
  const change: PluginChange = {
    action: 'add',
    id,
    package: manifest.name,
    from: null,
    to: manifest.version,
    integrity: staged?.integrity ?? null,
    permissions: manifest.soulbox.permissions,
  };
  return {
    id,
    manifest,
    isolation,
    boundary: boundaryOf(place, id, folder, isolation, manifest),
    permissionsBefore: undefined,
    notes: [...notes, ...leftOutNotes(staged)],
    apply: async () => {
      if (staged) await keepTree(place.dataDir, id, staged, place.file);
      await editConfig(place.file, [{ path: ['plugins', id], value: { ...named, isolation } }]);
      await recordChange(place.dataDir, change);
      await sweepPackages(place.dataDir);
      return change;
    },
    [Symbol.asyncDispose]: async () => staged?.[Symbol.asyncDispose](),
  };
}

/**
 * Fetches a package and checks all that can be checked before any of its code runs. Nothing is changed until the
 * proposal is applied; disposing it leaves nothing.
 * @throws as stagePackage; conflict, capability_missing, capability_conflict, plugin_cycle, invalid_params
 */
export async function proposeAdd(place: Workplace, request: AddRequest): Promise<Proposal> {
  if (request.id !== undefined) assertFree(place, request.id);
  const source = await (request.link === true ? linked : copied)(place, request.spec);
  try {
    return await propose(place, request, source);
  } catch (thrown) {
    await source.staged?.[Symbol.asyncDispose]();
    throw thrown;
  }
}
