import {
  parse,
  SoulboxError,
  token,
  tokens,
  z,
  type AnyToken,
  type HookDefinition,
  type Schema,
} from '@soulbox/plugin-sdk';

/** Of the messages between a host and a runner. Both are of one package, but an update may replace its files under a running host. */
export const protocolVersion = 1;

const TokenDataSchema = z.object({
  id: z.string(),
  version: z.string(),
  kind: z.enum(['one', 'many']),
  methods: z.array(z.string()).default([]),
});
type TokenData = z.infer<typeof TokenDataSchema>;

const JsonSchemaSchema = z.record(z.string(), z.unknown());

/** A plugin's definition as a runner describes it: all but its functions. */
export const DescriptionSchema = z.object({
  protocol: z.literal(protocolVersion, 'is of another version; restart the host'),
  id: z.string(),
  config: JsonSchemaSchema.nullable(),
  requires: z.record(z.string(), z.object({ token: TokenDataSchema, optional: z.boolean() })),
  provides: z.array(TokenDataSchema),
  reload: z.enum(['overlap', 'exclusive']).optional(),
});
export type Description = z.infer<typeof DescriptionSchema>;

/** @throws plugin_failed when it is not one. */
export function parseDescription(value: unknown): Description {
  return parse(DescriptionSchema, value, 'plugin_failed');
}

/** Symbols do not cross, so a token is made anew from what it says. */
export function tokenData({ id, version, kind, methods = [] }: AnyToken): TokenData {
  return { id, version, kind, methods: [...methods] };
}

export function tokenFrom(value: unknown): AnyToken {
  const { id, version, kind, methods } = parse(TokenDataSchema, value, 'plugin_failed');
  return (kind === 'one' ? token : tokens)<Record<string, () => unknown>>(id, version, methods);
}

/** A schema whose own side checks the values; this side only knows what it looks like. */
export function remoteSchema(json: unknown): Schema {
  const jsonSchema = parse(JsonSchemaSchema, json, 'plugin_failed');
  const describe = () => jsonSchema;
  return {
    '~standard': {
      version: 1,
      vendor: 'soulbox',
      validate: (value: unknown) => ({ value }),
      jsonSchema: { input: describe, output: describe },
    },
  };
}

/** What a runner says of a hook that its plugin defines. */
export type HookData = Omit<HookDefinition, 'result'> & { readonly result?: Record<string, unknown> };

/** The definition of a hook; answers of its taps are checked here, by what its JSON Schema says. @throws plugin_failed */
export function hookFrom(name: string, { result, ...definition }: HookData): HookDefinition {
  if (result === undefined) return definition;
  try {
    return { ...definition, result: z.fromJSONSchema(result) };
  } catch (cause) {
    throw new SoulboxError('plugin_failed', `hook ${name}: its JSON Schema is not understood`, { cause });
  }
}
