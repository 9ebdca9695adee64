import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configJsonSchema } from '../../src/config/json-schema.ts';

type Json = Record<string, unknown>;

const at = (schema: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((value, key) => (value as Json | undefined)?.[key], schema);

/** What the schema says of the settings of the plugin `p`, in a file where it is configured. */
function settingsOf(settings: Json | undefined): unknown {
  const schema = configJsonSchema(new Map([['p', settings]]));
  return at(schema, 'properties', 'plugins', 'properties', 'p', 'anyOf', 1, 'properties', 'config');
}

const orSecret = (schema: Json) => ({ anyOf: [schema, { $ref: '#/$defs/secret' }] });

describe('the JSON Schema of a configuration file', () => {
  it('has every section, and nothing that differs from machine to machine', () => {
    const schema = configJsonSchema(new Map());
    assert.deepEqual(at(schema, 'properties', 'plugins', 'properties'), {});
    assert.equal(at(schema, 'additionalProperties'), false);
    const concurrency = at(schema, 'properties', 'executions', 'properties', 'concurrency') as Json;
    assert.equal('default' in concurrency, false);
    assert.equal(at(schema, 'properties', 'executions', 'properties', 'queue', 'default'), 256);
  });

  it('takes a secret in the place of a value, not of a section', () => {
    const schema = configJsonSchema(new Map());
    assert.equal(at(schema, 'properties', 'host', 'type'), 'object');
    assert.deepEqual(at(schema, 'properties', 'host', 'properties', 'watch'), {
      default: true,
      ...orSecret({ type: 'boolean' }),
    });
    const secret = at(schema, '$defs', 'secret', 'anyOf') as Json[];
    assert.deepEqual(
      secret.map(({ required, additionalProperties }) => [required, additionalProperties]),
      [
        [['$env'], false],
        [['$file'], false],
      ],
    );
  });
});

describe('the settings of a plugin in it', () => {
  it('are those that it describes, with secrets at every depth, and where they are referred to', () => {
    const settings = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: {
        name: { type: 'string', description: 'Its name.' },
        list: { type: 'array', items: { type: 'integer' } },
        map: { type: 'object', additionalProperties: { type: 'boolean' } },
        patterns: { type: 'object', patternProperties: { '^x': { const: 1 } }, additionalProperties: false },
        either: { oneOf: [{ type: 'string' }, { $ref: '#/$defs/deep' }] },
        any: {},
      },
      $defs: { deep: { type: 'object', allOf: [true, { properties: { a: { $ref: '#' } } }] } },
    };
    const place = '#/properties/plugins/properties/p/anyOf/1/properties/config';
    assert.deepEqual(settingsOf(settings), {
      type: 'object',
      properties: {
        name: { description: 'Its name.', ...orSecret({ type: 'string' }) },
        list: { type: 'array', items: orSecret({ type: 'integer' }) },
        map: { type: 'object', additionalProperties: orSecret({ type: 'boolean' }) },
        patterns: { type: 'object', patternProperties: { '^x': orSecret({ const: 1 }) }, additionalProperties: false },
        either: orSecret({ oneOf: [orSecret({ type: 'string' }), orSecret({ $ref: `${place}/$defs/deep` })] }),
        any: {},
      },
      $defs: {
        deep: { type: 'object', allOf: [true, orSecret({ properties: { a: orSecret({ $ref: place }) } })] },
      },
    });
  });

  it('are any object where nothing is known of them', () =>
    assert.deepEqual(settingsOf(undefined), { type: 'object' }));

  it('stand in an entry that need not name the package again, or leaves the plugin out', () => {
    const schema = configJsonSchema(new Map([['p', undefined]]));
    const [left, entry] = at(schema, 'properties', 'plugins', 'properties', 'p', 'anyOf') as Json[];
    assert.equal(left?.['const'], false);
    assert.equal('required' in entry!, false);
    const [, others] = at(schema, 'properties', 'plugins', 'additionalProperties', 'anyOf') as Json[];
    assert.deepEqual(others?.['required'], ['package']);
  });
});
