import type { Readable } from 'node:stream';
import { SoulboxError } from '@soulbox/plugin-sdk';
import type { Engine } from '../engine.ts';
import { readBuild, type BuildProgress } from './build-output.ts';
import { contextOf, type ContextFile } from './context.ts';
import type { ImageSettings } from './settings.ts';

/** The engine answers once it has the context, which holds the agent. */
const beginMs = 60_000;

export interface BuildRequest {
  readonly files: readonly ContextFile[];
  readonly arguments: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** What to call it; without one it has its id only. */
  readonly tag?: string;
  /** Whether nothing of earlier builds is used. */
  readonly anew?: boolean;
}

/**
 * Builds an image and returns its id. Going away ends the build in the engine.
 * @throws image_unavailable where it fails; deadline_exceeded, cancelled; as {@link Engine.call}
 */
export async function buildImage(
  engine: Engine,
  request: BuildRequest,
  { network, timeoutMs }: ImageSettings,
  onProgress: (progress: BuildProgress) => void,
  signal: AbortSignal,
): Promise<string> {
  const options = {
    buildargs: request.arguments,
    labels: request.labels,
    ...(request.tag === undefined ? {} : { t: request.tag }),
    ...(network === undefined ? {} : { networkmode: network }),
    nocache: request.anew === true,
    forcerm: true,
  };
  const output = await engine.call(
    'build the image',
    async (docker, abortSignal) =>
      (await docker.buildImage(await contextOf(request.files), { ...options, abortSignal })) as Readable,
    { signal, deadlineMs: beginMs },
  );
  let ended: SoulboxError | undefined;
  const end = (error: SoulboxError) => {
    ended ??= error;
    output.destroy(error);
  };
  const abort = () => end(new SoulboxError('cancelled', 'the caller cancelled it'));
  const late = () => end(new SoulboxError('deadline_exceeded', `the image was not built within ${timeoutMs} ms`));
  const timer = setTimeout(late, timeoutMs);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await readBuild(output, onProgress);
  } catch (thrown) {
    throw ended ?? thrown;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    output.destroy();
  }
}
