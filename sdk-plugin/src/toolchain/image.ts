import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { LanguageImage } from '../contracts/language.ts';
import { parse } from '../schema.ts';

const ManifestSchema = z.object({ version: z.string(), soulbox: z.object({ id: z.string() }) });

/**
 * The image of a language plugin.
 * @param folder that of its package.json, with a folder `image` in it
 * @param reference what the operator calls the image; by default `soulbox/ID:VERSION` of the plugin
 */
export function languageImage(folder: URL, reference?: string): LanguageImage {
  const manifest: unknown = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'));
  const { version, soulbox } = parse(ManifestSchema, manifest, 'internal');
  return {
    reference: reference ?? `soulbox/${soulbox.id}:${version}`,
    folder: fileURLToPath(new URL('image', folder)),
  };
}
