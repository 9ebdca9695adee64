import { isSoulboxError, parse, z, type Plugin, type Problem, type Schema } from '@soulbox/plugin-sdk';
import { invalid } from '../config/problems.ts';
import { assertShape } from '../shape.ts';

const functionSchema = z.custom((value) => typeof value === 'function', 'must be a function');

const TokenSchema = z.object({
  id: z.string().min(1),
  version: z.string().regex(/^\d+\.\d+\.\d+$/, 'must be of the form 1.2.3'),
  kind: z.enum(['one', 'many']),
  key: z.symbol(),
  methods: z.array(z.string()).optional(),
});

const PluginSchema = z.object({
  $soulbox: z.literal(1),
  definition: z.object({
    id: z.string().min(1),
    config: z.object({ '~standard': z.object({ validate: functionSchema }) }).optional(),
    requires: z
      .record(z.string(), z.union([TokenSchema, z.object({ token: TokenSchema, optional: z.literal(true) })]))
      .optional(),
    provides: z.array(TokenSchema).optional(),
    setup: functionSchema,
  }),
});

/**
 * Makes sure that what a package exports can be used as a plugin: the graph of all plugins is built from it.
 * @throws plugin_manifest_invalid
 */
export function assertPlugin(value: unknown, packageName: string): asserts value is Plugin {
  const what = `${packageName} does not export a plugin by default (see definePlugin)`;
  assertShape(PluginSchema, value, 'plugin_manifest_invalid', what);
}

/** A plugin's own part of the configuration, and the way from a setting in it to its file and line. */
export interface OwnConfig {
  readonly id: string;
  readonly rawConfig: Readonly<Record<string, unknown>>;
  readonly locate: (path: readonly string[]) => string;
}

/** The settings as a schema yields them. @throws config_invalid with all problems, by their paths in the settings. */
export function parseSettings(rawConfig: Readonly<Record<string, unknown>>, schema: Schema | undefined): unknown {
  return schema ? parse(schema, rawConfig, 'config_invalid') : rawConfig;
}

/** The error of {@link parseSettings} with each problem's place in the file; anything else as it is. */
export function locatedConfigError({ id, locate }: OwnConfig, thrown: unknown): unknown {
  if (!isSoulboxError(thrown) || thrown.code !== 'config_invalid' || !thrown.details) return thrown;
  const problems = (thrown.details['problems'] as readonly Problem[]).map(({ path, message }) => ({
    path: ['plugins', id, 'config', path].filter(Boolean).join('.'),
    message,
  }));
  return invalid(problems, locate);
}

/** The settings of a plugin as its schema yields them. @throws config_invalid with all problems, each with its line. */
export function parseOwnConfig(own: OwnConfig, schema: Schema | undefined): unknown {
  try {
    return parseSettings(own.rawConfig, schema);
  } catch (thrown) {
    throw locatedConfigError(own, thrown);
  }
}
