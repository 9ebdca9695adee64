import { SoulboxError, z, type HookDefinition, type TapOptions } from '@soulbox/plugin-sdk';
import { assertShape } from '../shape.ts';

const milliseconds = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);

const DefinitionSchema = z.object({
  kind: z.enum(['series', 'parallel', 'bail', 'waterfall']),
  timeoutMs: milliseconds,
  onError: z.enum(['isolate', 'fail']),
  privileged: z.boolean().optional(),
  result: z.looseObject({ '~standard': z.looseObject({}) }).optional(),
  description: z.string(),
});

const TapOptionsSchema = z.strictObject({
  order: z.enum(['pre', 'post']).optional(),
  timeoutMs: milliseconds.optional(),
});

/** @throws plugin_failed for a definition that is malformed or whose policy contradicts its kind. */
export function assertHookDefinition(name: string, definition: HookDefinition): void {
  assertShape(DefinitionSchema, definition, 'plugin_failed', `hook ${name}`);
  if (definition.kind === 'parallel' && definition.onError === 'fail')
    throw new SoulboxError(
      'plugin_failed',
      `hook ${name}: a parallel hook observes, so its errors can only be isolated`,
    );
}

/** @throws plugin_failed for options that a plugin without types got wrong. */
export function assertTapOptions(plugin: string, hook: string, options: TapOptions): void {
  assertShape(TapOptionsSchema, options, 'plugin_failed', `plugin ${plugin} taps hook ${hook}`);
}
