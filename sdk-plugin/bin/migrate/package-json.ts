import { z } from '@soulbox/plugin-sdk';
import { UsageError } from '@soulbox/plugin-sdk';
import type { PluginFolder } from './folder.ts';

const dependencies = z.record(z.string(), z.string()).default({});

/** The part of a plugin's package.json that migrations look at; the rest is kept as it is. */
const PackageJsonSchema = z.looseObject({
  exports: z
    .union([
      z.string().transform((module): Record<string, unknown> => ({ '.': module })),
      z.record(z.string(), z.unknown()),
    ])
    .default({}),
  soulbox: z.looseObject({
    provides: z.array(z.string()).optional(),
    requires: z.array(z.string()).optional(),
  }),
  peerDependencies: dependencies,
});
export type PackageJson = z.infer<typeof PackageJsonSchema>;

const file = 'package.json';

/** @throws UsageError where it is not that of a plugin */
export function readPackageJson(folder: PluginFolder): PackageJson {
  let content: unknown;
  try {
    content = JSON.parse(folder.read(file));
  } catch (thrown) {
    if (thrown instanceof UsageError) throw thrown;
    throw new UsageError(`${file} is not JSON: ${(thrown as Error).message}`);
  }
  const { data, error } = PackageJsonSchema.safeParse(content);
  if (!data) throw new UsageError(`${file} is not that of a plugin:\n${z.prettifyError(error)}`);
  return data;
}

/** Changes what is under `soulbox`, and keeps everything else with its order and indentation. */
export function changeManifest(folder: PluginFolder, change: Readonly<Record<string, unknown>>): void {
  const text = folder.read(file);
  const content = JSON.parse(text) as { soulbox: object };
  const indentation = /^([ \t]+)"/m.exec(text)?.[1] ?? 2;
  const changed = { ...content, soulbox: { ...content.soulbox, ...change } };
  folder.replace(file, `${JSON.stringify(changed, null, indentation)}${text.endsWith('\n') ? '\n' : ''}`);
}
