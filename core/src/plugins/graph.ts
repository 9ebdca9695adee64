import semver from 'semver';
import { SoulboxError, type AnyToken, type PluginDefinition } from '@soulbox/plugin-sdk';

/** A plugin as the graph sees it. */
export interface GraphNode {
  readonly id: string;
  readonly definition: PluginDefinition;
  /** Where the configuration names it, for messages. */
  readonly where: string;
}

export interface Graph {
  /** Groups that can start together, each after those before it. */
  readonly levels: readonly (readonly string[])[];
  /** What keeps a plugin from starting at all. */
  readonly errors: ReadonlyMap<string, SoulboxError>;
  /** For each plugin, those whose services it cannot do without. */
  readonly needed: ReadonlyMap<string, readonly string[]>;
}

/** The plugins that one plugin starts after. */
interface Providers {
  /** Those of which it can do without: optional services, and the many of a `many` token. */
  readonly welcome: Set<string>;
  readonly needed: Set<string>;
}

function requirements(node: GraphNode): { token: AnyToken; optional: boolean }[] {
  return Object.values(node.definition.requires ?? {}).map((r) =>
    'token' in r ? { token: r.token, optional: true } : { token: r, optional: r.kind === 'many' },
  );
}

function versionOffered(node: GraphNode, token: AnyToken): string | undefined {
  return node.definition.provides?.find((offered) => offered.key === token.key)?.version;
}

/** Whether a contract of version `offered` serves one who knows `wanted`; the majors are equal by the token's key. */
function compatible(offered: string, wanted: string): boolean {
  return semver.gte(offered, `${semver.major(wanted)}.${semver.minor(wanted)}.0`);
}

/**
 * Orders plugins by what they require and provide. `builtIn` are the tokens that the host itself provides.
 * A plugin that cannot start gets an error here and does not keep the others from starting.
 */
export function buildGraph(nodes: readonly GraphNode[], builtIn: readonly AnyToken[]): Graph {
  const errors = doubleProviders(nodes, builtIn);
  // One that fails for another reason still counts as a provider: those that need it are then blocked by it, by name.
  const offering = nodes.filter((node) => !errors.has(node.id));
  const providers = new Map(nodes.map((node) => [node.id, providersOf(node, offering, builtIn, errors)]));
  const levels = order(nodes, providers, errors);
  return { levels, errors, needed: new Map([...providers].map(([id, { needed }]) => [id, [...needed]])) };
}

function doubleProviders(nodes: readonly GraphNode[], builtIn: readonly AnyToken[]): Map<string, SoulboxError> {
  const errors = new Map<string, SoulboxError>();
  const first = new Map<symbol, { id: string; where: string }>(
    builtIn.map((token) => [token.key, { id: 'core', where: 'the host' }]),
  );
  for (const node of nodes) {
    for (const token of node.definition.provides ?? []) {
      if (token.kind === 'many') continue;
      const present = first.get(token.key);
      if (!present) first.set(token.key, node);
      else {
        const message = `${token.id} is provided by ${present.id} (${present.where}) and by ${node.id} (${node.where})`;
        const details = { plugins: [present.id, node.id] };
        errors.set(node.id, new SoulboxError('capability_conflict', message, { details }));
      }
    }
  }
  return errors;
}

function providersOf(
  node: GraphNode,
  offering: readonly GraphNode[],
  builtIn: readonly AnyToken[],
  errors: Map<string, SoulboxError>,
): Providers {
  const providers: Providers = { welcome: new Set(), needed: new Set() };
  for (const { token, optional } of requirements(node)) {
    const offers = offering.flatMap((other) => {
      const version = other.id === node.id ? undefined : versionOffered(other, token);
      return version === undefined ? [] : [{ id: other.id, where: other.where, version }];
    });
    const fitting = offers.filter(({ version }) => compatible(version, token.version));
    for (const { id } of fitting) (optional ? providers.welcome : providers.needed).add(id);
    const served = fitting.length > 0 || builtIn.some((own) => own.key === token.key);
    if (served || optional || errors.has(node.id)) continue;
    const older = offers[0];
    const lack = older
      ? `; ${older.id} (${older.where}) provides only ${older.version}`
      : ', which no other plugin provides';
    const message = `${node.id} (${node.where}) requires ${token.id}@${token.version}${lack}`;
    const details = { plugin: node.id, capability: token.id };
    errors.set(node.id, new SoulboxError('capability_missing', message, { details }));
  }
  return providers;
}

function order(
  nodes: readonly GraphNode[],
  providers: ReadonlyMap<string, Providers>,
  errors: Map<string, SoulboxError>,
): string[][] {
  const levels: string[][] = [];
  const placed = new Set<string>();
  // A provider that cannot start is no reason to wait: its dependents are reported as blocked when they are started.
  const settled = (id: string) => placed.has(id) || errors.has(id);
  const after = (node: GraphNode, kind: keyof Providers) => [...(providers.get(node.id)?.[kind] ?? [])];
  let rest = nodes.filter((node) => !errors.has(node.id));
  while (rest.length > 0) {
    const able = rest.filter((node) => after(node, 'needed').every(settled));
    const ready = able.filter((node) => after(node, 'welcome').every(settled));
    // In a circle of which one link is optional, that one gives way.
    const level = (ready.length > 0 ? ready : able.slice(0, 1)).map((node) => node.id);
    if (level.length === 0) reportCycle(findCycle(rest, providers), errors);
    else levels.push(level);
    for (const id of level) placed.add(id);
    rest = rest.filter((node) => !settled(node.id));
  }
  return levels;
}

function reportCycle(cycle: readonly GraphNode[], errors: Map<string, SoulboxError>): void {
  const names = [...cycle, ...cycle.slice(0, 1)].map(({ id, where }) => `${id} (${where})`).join(' -> ');
  const details = { plugins: cycle.map(({ id }) => id) };
  for (const { id } of cycle)
    errors.set(id, new SoulboxError('plugin_cycle', `plugins require each other: ${names}`, { details }));
}

/** A circle among plugins each of which needs another one of them. */
function findCycle(rest: readonly GraphNode[], providers: ReadonlyMap<string, Providers>): GraphNode[] {
  const path: GraphNode[] = [];
  let at = rest[0];
  while (at && !path.includes(at)) {
    path.push(at);
    const needed = providers.get(at.id)?.needed;
    at = rest.find((node) => needed?.has(node.id));
  }
  return at ? path.slice(path.indexOf(at)) : path;
}
