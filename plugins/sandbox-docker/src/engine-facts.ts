import { SoulboxError, z } from '@soulbox/plugin-sdk';
import type Docker from 'dockerode';
import type { Engine } from './engine.ts';

const InfoSchema = z.object({
  OSType: z.string().default('linux'),
  Architecture: z.string().default(''),
  SecurityOptions: z.array(z.string()).nullish(),
  Runtimes: z.record(z.string(), z.unknown()).nullish(),
});

/** What matters here of an engine. */
export interface EngineFacts {
  /** As images name it: `amd64`, `arm64`. */
  readonly architecture: string;
  readonly hasAppArmor: boolean;
  /** Whether its containers have only a part of the uids of the machine. */
  readonly hasFewUids: boolean;
}

const architectures: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' };

/** @throws sandbox_unavailable for an engine that cannot be used as configured; what {@link Engine.call} throws. */
export async function engineFacts(
  engine: Engine,
  runtime: string | undefined,
  signal?: AbortSignal,
): Promise<EngineFacts> {
  const info = await engine.ask(
    InfoSchema,
    'describe itself',
    (docker, abortSignal) =>
      (docker.info as (options: object) => ReturnType<Docker['info']>).call(docker, { abortSignal }),
    { signal },
  );
  if (info.OSType !== 'linux')
    throw unusable(`the Docker engine runs ${info.OSType} containers`, 'Switch the engine to Linux containers.');
  if (runtime !== undefined && !Object.hasOwn(info.Runtimes ?? {}, runtime))
    throw unusable(
      `the Docker engine does not have the runtime "${runtime}"`,
      'Install it and name it in the configuration of the engine, or remove "runtime" from the plugin sandbox-docker.',
    );
  const security = info.SecurityOptions ?? [];
  const has = (name: string): boolean => security.some((option) => option.split(',').includes(`name=${name}`));
  return {
    architecture: architectures[info.Architecture] ?? info.Architecture,
    hasAppArmor: has('apparmor'),
    hasFewUids: has('rootless') || has('userns'),
  };
}

function unusable(message: string, advice: string): SoulboxError {
  return new SoulboxError('sandbox_unavailable', message, { details: { advice: [advice] } });
}
