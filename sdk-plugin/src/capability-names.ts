import type { PluginDefinition } from './plugin.ts';

/** What a plugin provides and requires, as `soulbox.provides` and `soulbox.requires` of its package.json list it. */
export interface CapabilityNames {
  /** `store@1.0.0`: the id of a contract and the version that is kept to. */
  readonly provides: readonly string[];
  /** As `provides`; one that may be missing ends in `?`, as every one that can have many providers. */
  readonly requires: readonly string[];
}

/** The capabilities of a definition by name, each once and in order. */
export function capabilityNames({
  provides = [],
  requires = {},
}: Pick<PluginDefinition, 'provides' | 'requires'>): CapabilityNames {
  const wanted = Object.values(requires).map((requirement) =>
    'token' in requirement
      ? { token: requirement.token, mayLack: true }
      : { token: requirement, mayLack: requirement.kind === 'many' },
  );
  const inOrder = (names: readonly string[]) => [...new Set(names)].toSorted();
  return {
    provides: inOrder(provides.map(({ id, version }) => `${id}@${version}`)),
    requires: inOrder(wanted.map(({ token: { id, version }, mayLack }) => `${id}@${version}${mayLack ? '?' : ''}`)),
  };
}

/** What must agree of a name: the minor version in the code is that of the SDK which it happens to meet. */
function comparable(names: readonly string[]): string {
  return [...new Set(names.map((name) => name.replace(/@(\d+)\.\d+\.\d+/, '@$1')))].toSorted().join();
}

/** Where a package.json and the code say different things; `undefined` where they agree or the first says nothing. */
export function capabilityMismatch(
  declared: { readonly [K in keyof CapabilityNames]?: CapabilityNames[K] | undefined },
  definition: Pick<PluginDefinition, 'provides' | 'requires'>,
): string | undefined {
  const actual = capabilityNames(definition);
  const list = (names: readonly string[]) => names.join(', ') || 'nothing';
  for (const key of ['provides', 'requires'] as const) {
    const said = declared[key];
    if (said === undefined || comparable(said) === comparable(actual[key])) continue;
    return `package.json says soulbox.${key} ${list(said)}; the code says ${list(actual[key])}`;
  }
  return undefined;
}
