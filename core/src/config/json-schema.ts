import { inputJsonSchema } from '@soulbox/plugin-sdk';
import { ConfigSchema } from './schema.ts';

type Json = Record<string, unknown>;

/** What may stand in the place of any value: the value is read when the configuration is. */
const secret: Json = {
  description: 'A secret, out of the environment or a file.',
  anyOf: [
    { type: 'object', properties: { $env: { type: 'string' } }, required: ['$env'], additionalProperties: false },
    { type: 'object', properties: { $file: { type: 'string' } }, required: ['$file'], additionalProperties: false },
  ],
};

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The same schema, with secrets in the place of plain values. */
function withSecrets(schema: unknown): unknown {
  if (!isObject(schema)) return schema;
  const inside: Json = { ...schema };
  for (const key of ['properties', '$defs', 'patternProperties'])
    if (isObject(schema[key]))
      inside[key] = Object.fromEntries(
        Object.entries(schema[key]).map(([name, member]) => [name, withSecrets(member)]),
      );
  for (const key of ['items', 'additionalProperties'])
    if (isObject(schema[key])) inside[key] = withSecrets(schema[key]);
  for (const key of ['anyOf', 'oneOf', 'allOf'])
    if (Array.isArray(schema[key])) inside[key] = (schema[key] as unknown[]).map(withSecrets);
  if (schema['type'] === 'object' || schema['type'] === 'array' || Object.keys(schema).length === 0) return inside;
  const { default: fallback, description, ...rest } = inside;
  return {
    ...(description === undefined ? {} : { description }),
    ...(fallback === undefined ? {} : { default: fallback }),
    anyOf: [rest, { $ref: '#/$defs/secret' }],
  };
}

/** References within a schema, as they are after the schema has been put at a place in another one. */
function movedTo(place: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => movedTo(place, item));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      key === '$ref' && typeof member === 'string' && member.startsWith('#')
        ? place + member.slice(1)
        : movedTo(place, member),
    ]),
  );
}

/** The entry of one configured plugin: what the default configuration says of it need not be said again. */
function entryOf(id: string, anyEntry: Json, settings: Json | undefined): Json {
  const { $schema: _draft, ...own } = settings ?? { type: 'object' };
  const config = withSecrets(movedTo(`#/properties/plugins/properties/${id}/anyOf/1/properties/config`, own));
  const [left, entry] = anyEntry['anyOf'] as [Json, Json];
  const { required: _required, ...rest } = entry;
  return { anyOf: [left, { ...rest, properties: { ...(entry['properties'] as Json), config } }] };
}

/**
 * The JSON Schema (draft 2020-12) of a configuration file, with the settings of plugins by their instance ids;
 * `undefined` for settings that are not known.
 */
export function configJsonSchema(plugins: ReadonlyMap<string, Json | undefined>): Json {
  const base = structuredClone(inputJsonSchema(ConfigSchema));
  const properties = base['properties'] as Record<string, Json>;
  const executions = properties['executions']?.['properties'] as Record<string, Json>;
  // It is that of this machine.
  delete executions['concurrency']?.['default'];
  const { plugins: anyPlugins = {}, ...others } = properties;
  const anyEntry = anyPlugins['additionalProperties'] as Json;
  const entries = [...plugins].map(([id, settings]) => [id, entryOf(id, anyEntry, settings)] as const);
  return {
    ...base,
    title: 'SoulBox configuration',
    $defs: { ...(base['$defs'] as Json | undefined), secret },
    properties: {
      ...Object.fromEntries(Object.entries(others).map(([name, schema]) => [name, withSecrets(schema)])),
      plugins: { ...anyPlugins, properties: Object.fromEntries(entries) },
    },
  };
}
