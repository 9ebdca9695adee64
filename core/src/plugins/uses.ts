import semver from 'semver';
import { capabilityNames, type CapabilityNames } from '@soulbox/plugin-sdk';
import { isUp, type PluginRecord } from './record.ts';

/** A capability by what a package.json says: `store@1.0.0`, or with `?` where it may be missing. */
export interface Capability {
  readonly id: string;
  readonly version: string;
  readonly optional: boolean;
}

/** That one plugin requires what another provides. */
export interface Use {
  /** The plugin that requires; `null` where nobody does. */
  readonly plugin: string | null;
  readonly state: string | null;
  /** `store@1.0.0`. */
  readonly capability: string;
  readonly optional: boolean;
  /** The plugin that provides, or `core`; `null` where none does. */
  readonly provider: string | null;
  readonly providerState: string | null;
  /** Why the plugin is not up. */
  readonly reason: string | null;
}

/** What a plugin provides and requires: by its code, or by its package.json as long as the code was not imported. */
export function capabilitiesOf({ plugin, checked }: PluginRecord): CapabilityNames {
  if (plugin) return capabilityNames(plugin.definition);
  const { provides = [], requires = [] } = checked?.manifest.soulbox ?? {};
  return { provides, requires };
}

function parseName(name: string): Capability {
  const optional = name.endsWith('?');
  const at = name.lastIndexOf('@');
  return { id: name.slice(0, at), version: name.slice(at + 1).replace('?', ''), optional };
}

function serves(offered: string, wanted: string): boolean {
  return semver.satisfies(offered, `^${semver.major(wanted)}.${semver.minor(wanted)}.0`);
}

interface Offer extends Capability {
  readonly provider: string;
  readonly state: string | null;
}

function offersOf(records: readonly PluginRecord[], builtIn: readonly { id: string; version: string }[]): Offer[] {
  return [
    ...builtIn.map(({ id, version }) => ({ id, version, optional: false, provider: 'core', state: null })),
    ...records.flatMap((record) =>
      capabilitiesOf(record).provides.map((name) => ({ ...parseName(name), provider: record.id, state: record.state })),
    ),
  ];
}

function usesOf(record: PluginRecord, offers: readonly Offer[]): Use[] {
  return capabilitiesOf(record)
    .requires.map(parseName)
    .flatMap(({ id, version, optional }) => {
      const found = offers.filter(
        (offer) => offer.id === id && offer.provider !== record.id && serves(offer.version, version),
      );
      const providers = found.length > 0 ? found : [undefined];
      return providers.map((offer) => ({
        plugin: record.id,
        state: record.state,
        capability: `${id}@${version}`,
        optional,
        provider: offer?.provider ?? null,
        providerState: offer?.state ?? null,
        reason: isUp(record) ? null : record.reason,
      }));
    });
}

/** Who requires what of whom. What nobody requires comes last, with its provider alone. */
export function allUses(
  records: readonly PluginRecord[],
  builtIn: readonly { readonly id: string; readonly version: string }[],
): Use[] {
  const offers = offersOf(records, builtIn);
  const uses = records.flatMap((record) => usesOf(record, offers));
  const used = (offer: Offer) =>
    uses.some(({ provider, capability }) => provider === offer.provider && capability.startsWith(`${offer.id}@`));
  const idle = offers.filter((offer) => !used(offer));
  return [
    ...uses,
    ...idle.map(({ id, version, provider, state }) => ({
      plugin: null,
      state: null,
      capability: `${id}@${version}`,
      optional: false,
      provider,
      providerState: state,
      reason: null,
    })),
  ];
}
