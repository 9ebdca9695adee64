import { SoulboxError } from '@soulbox/plugin-sdk';
import { ownOperations } from '../operations/own-operations.ts';
import type { Manifest } from '../plugins/manifest.ts';
import type { Neighbour } from './neighbours.ts';

/** Names that a plugin brings and that only one may have. */
function namesOf({ soulbox }: Manifest): string[] {
  const { permissions, commands, client } = soulbox;
  return [
    ...permissions.operations.filter((name) => name !== '*').map((name) => `operation ${name}`),
    ...commands.map(({ name }) => `command ${name}`),
    ...(client?.schemes ?? []).map((scheme) => `client for ${scheme}:`),
  ];
}

/**
 * Makes sure that nothing a plugin brings hides what is there already under the same name.
 * @throws conflict
 */
export function assertShadowsNothing(manifest: Manifest, others: readonly Neighbour[]): void {
  const taken = new Map(ownOperations.map((name) => [`operation ${name}`, 'the host']));
  for (const { id, manifest: other } of others) for (const name of namesOf(other)) taken.set(name, `plugin ${id}`);
  for (const name of namesOf(manifest)) {
    const owner = taken.get(name);
    if (owner !== undefined)
      throw new SoulboxError('conflict', `${manifest.name} brings ${name}, which ${owner} has already`);
  }
}

/** @throws conflict when a package of the same name is configured. */
export function assertNewPackage({ name }: Manifest, others: readonly Neighbour[]): void {
  const present = others.find(({ manifest }) => manifest.name === name);
  if (!present) return;
  const advice = `update it, or give this one a name of its own with --id ${present.id}:NAME`;
  throw new SoulboxError('conflict', `package ${name} is configured as plugin ${present.id}: ${advice}`);
}
