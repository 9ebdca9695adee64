import { token } from '../token.ts';
import type { DependencyPlan } from './language.ts';
import type { SandboxSpec } from './sandbox.ts';

/** What a layer is made for. */
export interface LayerRequest {
  readonly plan: DependencyPlan;
  /** The driver, by name, in whose boxes the layer is built and used. */
  readonly driver: string;
  /** What those boxes are made of. */
  readonly spec: Pick<SandboxSpec, 'paths' | 'image'>;
  /** Of the image's content, where there is one: a layer fits just one. */
  readonly digest?: string;
}

/** Builds what programs depend on: once for each content, in a sandbox that reaches package registries and nothing else. */
export interface DependencyLayers {
  /**
   * The absolute path of the layer, which boxes of the driver can be given read-only; built when it is not there yet.
   * Several who ask for the same one wait for one build.
   * @throws dependency_failed with the end of what the package manager said, cancelled, overloaded, unsupported for a
   *   driver whose boxes cannot be given one.
   */
  layer(request: LayerRequest, options: { readonly signal: AbortSignal }): Promise<string>;
}
export const DependencyLayers = token<DependencyLayers>('dependency-layers', '1.0.0');
