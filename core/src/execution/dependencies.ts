import {
  DependencyLayers,
  SoulboxError,
  type ExecutionRequest,
  type LanguageInfo,
  type LanguageRuntime,
} from '@soulbox/plugin-sdk';
import type { Place } from '../sandboxes/placement.ts';
import type { Services } from '../services.ts';

/**
 * The layer with what a request depends on, built if it is not there yet; `undefined` where it depends on nothing.
 * @throws unsupported where the language has no package manager or the host builds no layers; invalid_params,
 *   dependency_failed, cancelled
 */
export async function dependencyLayer(
  services: Services,
  { info, runtime }: { readonly info: LanguageInfo; readonly runtime: LanguageRuntime },
  { dependencies = [], version }: ExecutionRequest,
  place: Place,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (dependencies.length === 0) return undefined;
  const layers = services.get<DependencyLayers>(DependencyLayers);
  if (!runtime.dependencies) throw unsupported(`programs in ${info.name} cannot name dependencies`);
  if (!layers) throw unsupported('no plugin of this host builds dependencies');
  const { toolchain, chosen, base, digest } = place;
  const asked = version === undefined ? {} : { version: place.version };
  const plan = await runtime.dependencies({ dependencies, toolchain, ...asked });
  return layers.layer(
    { plan, driver: chosen.name, spec: base, ...(digest === undefined ? {} : { digest }) },
    { signal },
  );
}

function unsupported(message: string): SoulboxError {
  return new SoulboxError('unsupported', message, { details: { field: 'dependencies' } });
}
