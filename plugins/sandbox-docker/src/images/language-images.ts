import { SoulboxError, type LanguageInfo, type LanguageRuntime } from '@soulbox/plugin-sdk';

/** A language that has an image. */
export interface ImageOfLanguage {
  readonly language: string;
  readonly runtime: LanguageRuntime;
  readonly image: NonNullable<LanguageInfo['image']>;
  readonly canary: LanguageInfo['canary'];
}

/**
 * The languages that have images: all, or those named, by name or alias.
 * @throws language_unknown for a name that none of them has; what a runtime throws that cannot describe itself.
 */
export async function languageImages(
  runtimes: ReadonlyMap<string, LanguageRuntime>,
  names?: readonly string[],
): Promise<readonly ImageOfLanguage[]> {
  const all = await Promise.all(
    [...runtimes.values()].map(async (runtime) => ({ runtime, info: await runtime.describe() })),
  );
  const wanted = (info: LanguageInfo) =>
    names === undefined || names.some((name) => info.name === name || info.aliases.includes(name));
  const unknown = names?.find((name) => !all.some(({ info }) => info.name === name || info.aliases.includes(name)));
  if (unknown !== undefined)
    throw new SoulboxError('language_unknown', `there is no language "${unknown.slice(0, 64)}" here`, {
      details: { languages: all.map(({ info }) => info.name) },
    });
  return all
    .flatMap(({ runtime, info }) =>
      info.image && wanted(info) ? [{ language: info.name, runtime, image: info.image, canary: info.canary }] : [],
    )
    .toSorted((a, b) => a.language.localeCompare(b.language));
}
