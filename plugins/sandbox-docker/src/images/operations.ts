import {
  defineOperation,
  SoulboxError,
  toSoulboxError,
  z,
  type LanguageRuntime,
  type OperationCall,
  type PluginContext,
} from '@soulbox/plugin-sdk';
import { buildLanguageImage, type ImageMakers } from './builder.ts';
import type { BuildProgress } from './build-output.ts';
import { inParallel } from './in-parallel.ts';
import { languageImages, type ImageOfLanguage } from './language-images.ts';
import { Latest } from './latest.ts';
import { verifyImage } from './verify.ts';

const LanguagesSchema = z.array(z.string().min(1).max(64)).max(64);
const OfSomeSchema = z.strictObject({
  /** By name or alias; without them all that have an image. */
  languages: LanguagesSchema.optional(),
});
const about = {
  language: z.string(),
  reference: z.string(),
  /** `''` where it is not known. */
  version: z.string(),
  digest: z.string().nullable(),
};
const errors = ['language_unknown', 'runtime_unavailable', 'sandbox_unavailable'] as const;

const list = defineOperation({
  name: 'images.list',
  summary: 'Lists the images of languages, and whether sandboxes can be made of them.',
  params: z.strictObject({}),
  result: z.object({
    images: z.array(z.object({ ...about, available: z.boolean(), reason: z.string().nullable() })),
  }),
  permission: 'images:read',
  owner: { kind: 'host' },
  effect: 'read',
  errors,
});

const build = defineOperation({
  name: 'images.build',
  summary: 'Builds images of languages in the Docker engine, each under its name once it works.',
  params: OfSomeSchema.extend({
    /** Whether nothing of earlier builds is used. */
    anew: z.boolean().optional(),
  }),
  result: z.object({ images: z.array(z.object({ ...about, seconds: z.number() })) }),
  event: z.object({
    language: z.string(),
    /** From 1; `null` before the first. */
    step: z.int().nullable(),
    steps: z.int().nullable(),
    percent: z.number().nullable(),
    /** The last line of output, at most 200 characters of it. */
    text: z.string(),
  }),
  permission: 'images:build',
  owner: { kind: 'host' },
  effect: 'write',
  errors: [...errors, 'image_unavailable', 'deadline_exceeded', 'cancelled'],
});

const verify = defineOperation({
  name: 'images.verify',
  summary: 'Makes a sandbox of each image and tells what is wrong with it.',
  params: OfSomeSchema,
  result: z.object({
    images: z.array(z.object({ ...about, ok: z.boolean(), problem: z.string().nullable() })),
  }),
  permission: 'images:read',
  owner: { kind: 'host' },
  effect: 'read',
  errors: [...errors, 'image_unavailable'],
});

/** Adds the operations on images. `runtimes` is live: languages come and go. */
export function addImageOperations(
  context: Pick<PluginContext, 'operation' | 'signal'>,
  runtimes: ReadonlyMap<string, LanguageRuntime>,
  makers: ImageMakers,
): void {
  const until = (call: OperationCall) => AbortSignal.any([call.signal, context.signal]);

  context.operation(list, async (_, call) => ({
    images: await inParallel(await languageImages(runtimes), makers.settings.parallel, async ({ language, image }) => {
      const { available, reason, digest, labels } = await makers.driver.image!(image.reference, {
        signal: until(call),
      });
      const version = labels['soulbox.language.version'] ?? '';
      return { language, reference: image.reference, version, digest, available, reason };
    }),
  }));

  context.operation(build, async ({ languages, anew = false }, call) => {
    const wanted = await languageImages(runtimes, languages);
    const signal = until(call);
    await makers.engine.awaken({ signal });
    const built = await inParallel(wanted, makers.settings.parallel, (each) => {
      const latest = new Latest<BuildProgress>((progress) => call.emit({ language: each.language, ...progress }));
      return attempt(each, () =>
        timed(each, makers, { anew, onProgress: (progress) => latest.show(progress), signal }),
      );
    });
    return { images: succeeded(built) };
  });

  context.operation(verify, async ({ languages }, call) => {
    const wanted = await languageImages(runtimes, languages);
    const images = await inParallel(wanted, makers.settings.parallel, async (each) => {
      const { digest, version, problems } = await verifyImage(each, makers, until(call));
      const problem = problems.length === 0 ? null : problems.join('; ');
      const { language, image } = each;
      return { language, reference: image.reference, version, digest, ok: problem === null, problem };
    });
    return { images };
  });
}

async function timed(
  each: ImageOfLanguage,
  makers: ImageMakers,
  options: Parameters<typeof buildLanguageImage>[2],
): Promise<z.infer<typeof build.result>['images'][number]> {
  const begun = performance.now();
  const { digest, version } = await buildLanguageImage(each, makers, options);
  const seconds = Math.round((performance.now() - begun) / 100) / 10;
  return { language: each.language, reference: each.image.reference, version, digest, seconds };
}

type Attempt<T> = { readonly value: T } | { readonly language: string; readonly error: SoulboxError };

/** One that fails does not keep the others from being built. */
async function attempt<T>({ language }: ImageOfLanguage, work: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await work() };
  } catch (thrown) {
    return { language, error: toSoulboxError(thrown) };
  }
}

/** @throws the error of the first that failed, which tells of all that did. */
function succeeded<T>(attempts: readonly Attempt<T>[]): T[] {
  const failed = attempts.flatMap((each) => ('error' in each ? [each] : []));
  const [first] = failed;
  if (!first) return attempts.flatMap((each) => ('value' in each ? [each.value] : []));
  const message = failed.map(({ language, error }) => `${language}: ${error.message}`).join('; ');
  throw new SoulboxError(first.error.code, message, {
    details: {
      failed: failed.map(({ language, error }) => ({ language, code: error.code, ...error.details })),
    },
    cause: first.error,
  });
}
