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
  /** For each plugin, those that provide what it requires. */
  readonly providers: ReadonlyMap<string, readonly string[]>;
}

function requirements(node: GraphNode): { token: AnyToken; optional: boolean }[] {
  return Object.values(node.definition.requires ?? {}).map((r) =>
    'token' in r ? { token: r.token, optional: true } : { token: r, optional: false },
  );
}

function provides(node: GraphNode, token: AnyToken): AnyToken | undefined {
  return node.definition.provides?.find((offered) => offered.key === token.key);
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
  const errors = new Map<string, SoulboxError>();
  const providers = new Map<string, readonly string[]>();
  refuseDoubleProviders(nodes, builtIn, errors);
  for (const node of nodes) providers.set(node.id, providersOf(node, nodes, builtIn, errors));
  const levels = order(nodes, providers, errors);
  return { levels, errors, providers };
}

function refuseDoubleProviders(
  nodes: readonly GraphNode[],
  builtIn: readonly AnyToken[],
  errors: Map<string, SoulboxError>,
): void {
  const first = new Map<symbol, { id: string; where: string }>(
    builtIn.map((token) => [token.key, { id: 'core', where: 'the host' }]),
  );
  for (const node of nodes) {
    for (const token of node.definition.provides ?? []) {
      if (token.kind === 'many') continue;
      const present = first.get(token.key);
      if (!present) first.set(token.key, { id: node.id, where: node.where });
      else {
        const message = `${token.id} is provided by ${present.id} (${present.where}) and by ${node.id} (${node.where})`;
        errors.set(
          node.id,
          new SoulboxError('capability_conflict', message, { details: { plugins: [present.id, node.id] } }),
        );
      }
    }
  }
}

function providersOf(
  node: GraphNode,
  nodes: readonly GraphNode[],
  builtIn: readonly AnyToken[],
  errors: Map<string, SoulboxError>,
): string[] {
  const found: string[] = [];
  for (const { token, optional } of requirements(node)) {
    const offers = nodes.filter(
      (other) => other.id !== node.id && !errors.has(other.id) && provides(other, token) !== undefined,
    );
    const fitting = offers.filter((other) => compatible(provides(other, token)?.version ?? '0.0.0', token.version));
    found.push(...fitting.map((other) => other.id));
    const served = fitting.length > 0 || builtIn.some((own) => own.key === token.key);
    if (served || optional || token.kind === 'many' || errors.has(node.id)) continue;
    const older = offers[0];
    const message = older
      ? `${node.id} (${node.where}) requires ${token.id}@${token.version}; ${older.id} (${older.where}) provides only ${provides(older, token)?.version}`
      : `${node.id} (${node.where}) requires ${token.id}@${token.version}, which no configured plugin provides`;
    errors.set(
      node.id,
      new SoulboxError('capability_missing', message, { details: { plugin: node.id, capability: token.id } }),
    );
  }
  return [...new Set(found)];
}

function order(
  nodes: readonly GraphNode[],
  providers: ReadonlyMap<string, readonly string[]>,
  errors: Map<string, SoulboxError>,
): string[][] {
  const levels: string[][] = [];
  const placed = new Set<string>();
  let rest = nodes.filter((node) => !errors.has(node.id));
  while (rest.length > 0) {
    // A provider that cannot start is no reason to wait: its dependents are reported as blocked when they are started.
    const ready = rest.filter((node) => (providers.get(node.id) ?? []).every((id) => placed.has(id) || errors.has(id)));
    if (ready.length === 0) {
      const cycle = findCycle(rest, providers);
      const names = cycle.map((id) => `${id} (${nodes.find((n) => n.id === id)?.where})`).join(' -> ');
      for (const id of cycle)
        errors.set(
          id,
          new SoulboxError('plugin_cycle', `plugins require each other: ${names}`, { details: { plugins: cycle } }),
        );
    } else {
      levels.push(ready.map((node) => node.id));
      for (const node of ready) placed.add(node.id);
    }
    rest = rest.filter((node) => !placed.has(node.id) && !errors.has(node.id));
  }
  return levels;
}

function findCycle(rest: readonly GraphNode[], providers: ReadonlyMap<string, readonly string[]>): string[] {
  const waiting = new Set(rest.map((node) => node.id));
  const path: string[] = [];
  let at = rest[0]?.id;
  while (at !== undefined && !path.includes(at)) {
    path.push(at);
    at = providers.get(at)?.find((id) => waiting.has(id));
  }
  return at === undefined ? path : path.slice(path.indexOf(at));
}
