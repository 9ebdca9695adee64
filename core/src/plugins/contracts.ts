import semver from 'semver';
import {
  Api,
  AuthProvider,
  Cache,
  DependencyLayers,
  LanguageRuntime,
  SandboxDriver,
  SoulboxError,
  Store,
  Transport,
  type AnyToken,
} from '@soulbox/plugin-sdk';

const ofTheHost: readonly AnyToken[] = [
  Api,
  AuthProvider,
  Cache,
  DependencyLayers,
  LanguageRuntime,
  SandboxDriver,
  Store,
  Transport,
];
const contracts = new Map(ofTheHost.map((token) => [token.key, token]));

/** What a token demands: for the host's own contracts not by the word of the plugin, which may be made without the SDK. */
function demanded(token: AnyToken): readonly string[] {
  const contract = contracts.get(token.key);
  // One that was made for an earlier minor version cannot have what came later.
  const known = contract && semver.gte(token.version, contract.version) ? contract : token;
  return known.methods ?? [];
}

/** Makes sure that a service can be used as its contract says. @throws plugin_failed, naming the methods that are missing */
export function assertService(plugin: string, token: AnyToken, service: unknown): void {
  if (typeof service !== 'object' || service === null)
    throw new SoulboxError(
      'plugin_failed',
      `plugin ${plugin} provides ${token.id} with something that is not an object`,
    );
  const members = service as Readonly<Record<string, unknown>>;
  const missing = demanded(token).filter((method) => typeof members[method] !== 'function');
  if (missing.length === 0) return;
  const message = `plugin ${plugin} provides ${token.id} without the methods of its contract: ${missing.join(', ')}`;
  throw new SoulboxError('plugin_failed', message, { details: { plugin, capability: token.id, missing } });
}
