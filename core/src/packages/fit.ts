import * as sdk from '@soulbox/plugin-sdk';
import { optional, token, tokens, type AnyToken, type SoulboxError } from '@soulbox/plugin-sdk';
import { buildGraph, type GraphNode } from '../plugins/graph.ts';
import type { Neighbour } from './neighbours.ts';

/** A change of the set of plugins, seen by what their manifests say of capabilities. */
export interface Fit {
  /** What the change would break, the first thing first. */
  readonly problems: readonly SoulboxError[];
  /** What cannot be told before the code runs, for people. */
  readonly notes: readonly string[];
}

/** The contracts of the SDK, of which it is known whether they have one provider or many. */
const contracts = new Map(
  Object.values(sdk)
    .filter((value): value is AnyToken => typeof value === 'object' && 'key' in value && 'kind' in value)
    .map((known) => [known.key, known.kind]),
);

/** `store@1.0.0` as a token. Of a contract that is not the SDK's any number of providers is taken to be right. */
function tokenNamed(name: string): AnyToken {
  const at = name.lastIndexOf('@');
  const [id, version] = [name.slice(0, at), name.slice(at + 1)];
  const many = tokens(id, version);
  return contracts.get(many.key) === 'one' ? token(id, version) : many;
}

function requirement(name: string) {
  if (name.endsWith('?')) return optional(tokenNamed(name.slice(0, -1)));
  const { id, version } = tokenNamed(name);
  // Whoever needs one, needs it whether there may be more or not.
  return token(id, version);
}

function nodeOf({ id, where, manifest }: Neighbour): GraphNode {
  const { provides = [], requires = [] } = manifest.soulbox;
  const definition = {
    id,
    provides: provides.map(tokenNamed),
    requires: Object.fromEntries(requires.map((name) => [name, requirement(name)])),
    setup: () => undefined,
  };
  return { id, where, definition };
}

function errorsAmong(plugins: readonly Neighbour[]): ReadonlyMap<string, SoulboxError> {
  return buildGraph(plugins.map(nodeOf), [sdk.Api]).errors;
}

/** What a change of the plugins from `before` to `after` would break that was not broken before. */
export function fitOf(before: readonly Neighbour[], after: readonly Neighbour[]): Fit {
  const old = errorsAmong(before);
  const broken = [...errorsAmong(after)].filter(([id, { code }]) => old.get(id)?.code !== code);
  const silent = after.filter(({ manifest }) => manifest.soulbox.provides === undefined).map(({ id }) => id);
  const uncertain = ({ code }: SoulboxError) => code === 'capability_missing' && silent.length > 0;
  const problems = broken.map(([, error]) => error);
  return {
    problems: problems.filter((error) => !uncertain(error)),
    notes: problems
      .filter(uncertain)
      .map(({ message }) => `${message}, unless one that does not say so does: ${silent.join(', ')}`),
  };
}
