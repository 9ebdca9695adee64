import { SoulboxError, z, type ImageReport } from '@soulbox/plugin-sdk';
import type { Engine } from './engine.ts';
import { isMissing } from './engine-error.ts';
import { agentLabel } from './labels.ts';

const ImageSchema = z.object({
  Id: z.string().regex(/^(sha256:)?[0-9a-f]{64}$/),
  Architecture: z.string(),
  Config: z.object({ User: z.string().nullish(), Labels: z.record(z.string(), z.string()).nullish() }).nullish(),
});

export interface Expected {
  /** As images name it; `''` fits all. */
  readonly architecture: string;
  /** The sha256 of this host's agent, where it has one. */
  readonly agent: string | undefined;
}

const longestReference = 255;
const referencePattern = /^[A-Za-z0-9]+(?:(?:[._-]+|[:/@])[A-Za-z0-9]+)*$/;
const build = 'build it: soulbox images build';
const isRoot = (user: string): boolean => /^(|root|0+)(:.*)?$/.test(user);

/** What the engine has under a name, and whether boxes can be made of it. Fetches nothing. @throws as {@link Engine.call} */
export async function checkImage(
  engine: Engine,
  reference: string,
  expected: Expected,
  signal?: AbortSignal,
): Promise<ImageReport> {
  const unknown = (what: string): ImageReport => ({ available: false, reason: what, digest: null, labels: {} });
  // It becomes a part of a path: nothing may be in it that leads elsewhere.
  if (reference.length > longestReference || !referencePattern.test(reference))
    return unknown('what was asked for is no name of an image');
  let image: z.infer<typeof ImageSchema>;
  try {
    image = await engine.ask(
      ImageSchema,
      'inspect the image',
      (docker, abortSignal) => docker.getImage(reference).inspect({ abortSignal } as object),
      { signal },
    );
  } catch (thrown) {
    if (!isMissing(thrown) && !(thrown instanceof SoulboxError && thrown.code === 'image_unavailable')) throw thrown;
    return unknown(`the engine has no image "${reference}"; ${build}`);
  }
  const labels = image.Config?.Labels ?? {};
  const digest = image.Id.startsWith('sha256:') ? image.Id : `sha256:${image.Id}`;
  const reason = fault(image.Architecture, image.Config?.User ?? '', labels[agentLabel], expected);
  const sentence = reason && `the image "${reference}" ${reason}; ${build}`;
  return { available: sentence === undefined, reason: sentence ?? null, digest, labels };
}

function fault(architecture: string, user: string, agent: string | undefined, expected: Expected): string | undefined {
  if (expected.architecture !== '' && architecture !== expected.architecture)
    return `is made for ${architecture}, and this engine runs ${expected.architecture}`;
  if (isRoot(user)) return 'is made to run as root';
  if (agent !== undefined && expected.agent !== undefined && agent !== expected.agent)
    return 'holds the agent of another version';
  return undefined;
}

/** @throws image_unavailable, with what is wrong, for an image that no box can be made of. */
export function usableDigest(reference: string, report: ImageReport): string {
  if (report.available && report.digest !== null) return report.digest;
  throw new SoulboxError('image_unavailable', report.reason ?? 'the image cannot be used', {
    details: { image: reference, advice: ['Build the image: soulbox images build.'] },
  });
}
