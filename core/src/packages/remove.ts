import { SoulboxError } from '@soulbox/plugin-sdk';
import { editConfig } from '../config/edit.ts';
import { recordChange, type PluginChange } from './change-log.ts';
import { fitOf } from './fit.ts';
import { pinnedOf } from './locate.ts';
import { neighboursIn } from './neighbours.ts';
import { removeTree, sweepPackages } from './trees.ts';
import { entryOf, isInherited, type Workplace } from './workplace.ts';

/**
 * Takes a plugin out of the configuration, and its files out of the data folder if they were put there by an add.
 * @throws not_found; conflict, unless `force`, when others require what only it provides; config_not_writable
 */
export async function removePlugin(place: Workplace, id: string, force: boolean): Promise<PluginChange> {
  const entry = entryOf(place, id);
  const neighbours = await neighboursIn(place.loaded);
  const { problems } = fitOf(
    neighbours,
    neighbours.filter((other) => other.id !== id),
  );
  if (problems.length > 0 && !force) {
    const broken = problems.map(({ message }) => message).join('; ');
    throw new SoulboxError('conflict', `plugin ${id} is needed: without it ${broken}; --force removes it all the same`);
  }
  const pinned = pinnedOf(entry);
  const own = neighbours.find((other) => other.id === id)?.manifest;
  const change: PluginChange = {
    action: 'remove',
    id,
    package: entry.package,
    from: pinned?.version ?? own?.version ?? null,
    to: null,
    integrity: pinned?.integrity ?? null,
    permissions: null,
  };
  const value = (await isInherited(place, id)) ? false : undefined;
  await editConfig(place.file, [{ path: ['plugins', id], value }]);
  await recordChange(place.dataDir, change);
  if (pinned) await removeTree(place.dataDir, id, pinned);
  await sweepPackages(place.dataDir);
  return change;
}
