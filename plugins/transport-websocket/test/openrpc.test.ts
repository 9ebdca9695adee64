import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorCatalogue, type OperationDescriptor } from '@soulbox/plugin-sdk';
import { SuiteApi } from '@soulbox/plugin-sdk/conformance';
import { openRpcDocument } from '../src/openrpc.ts';
import { Peer } from './support/peer.ts';
import { serve } from './support/serve.ts';

type Json = Record<string, unknown>;

function keysWithin(object: Json, required: readonly string[], optional: readonly string[]): void {
  for (const key of required) assert.ok(key in object, `${key} is missing in ${JSON.stringify(object).slice(0, 200)}`);
  for (const key of Object.keys(object))
    assert.ok(required.includes(key) || optional.includes(key) || key.startsWith('x-'), `${key} is not in the spec`);
}

/** Checks a document against the objects that the OpenRPC 1.3 specification defines, as far as they are used. */
function checkOpenRpc(document: Json): void {
  keysWithin(document, ['openrpc', 'info', 'methods'], ['servers', 'components', 'externalDocs']);
  assert.match(document['openrpc'] as string, /^1\.3\.\d+$/);
  const info = document['info'] as Json;
  keysWithin(info, ['title', 'version'], ['description', 'termsOfService', 'contact', 'license']);
  keysWithin(info['license'] as Json, ['name'], ['url']);
  const methods = document['methods'] as Json[];
  assert.equal(new Set(methods.map(({ name }) => name)).size, methods.length, 'names of methods are unique');
  for (const method of methods) {
    const optional = ['tags', 'summary', 'description', 'externalDocs', 'result', 'deprecated', 'servers', 'errors'];
    keysWithin(method, ['name', 'params'], [...optional, 'links', 'paramStructure', 'examples']);
    assert.equal(method['paramStructure'], 'by-name');
    const params = method['params'] as Json[];
    assert.equal(new Set(params.map(({ name }) => name)).size, params.length);
    const descriptorKeys = ['summary', 'description', 'required', 'deprecated'];
    for (const descriptor of [...params, method['result'] as Json]) {
      keysWithin(descriptor, ['name', 'schema'], descriptorKeys);
      assert.equal(typeof descriptor['schema'], 'object');
    }
    const errors = method['errors'] as Json[];
    for (const error of errors) {
      keysWithin(error, ['code', 'message'], ['data']);
      assert.ok(Number.isInteger(error['code']));
    }
    assert.equal(new Set(errors.map(({ code }) => code)).size, errors.length);
  }
  for (const reference of JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g)) {
    const path = (reference[1] as string).split('/');
    assert.equal(path.shift(), '#');
    assert.ok(
      path.reduce<unknown>((node, key) => (node as Json)?.[key], document),
      `${reference[1]} points nowhere`,
    );
  }
}

test('rpc.discover describes every method there is, as OpenRPC', async () => {
  const api = new SuiteApi();
  await using host = await serve(api);
  await using peer = await Peer.open(host.url);
  const document = (await peer.call('rpc.discover')).result as Json;
  checkOpenRpc(document);
  const methods = document['methods'] as Json[];
  const operations = (await api.operations()).map(({ name }) => name);
  assert.deepEqual(
    methods.map(({ name }) => name),
    ['auth.login', 'rpc.discover', '$/cancel', ...operations],
  );
  const count = methods.find(({ name }) => name === 'suite.count') as Json;
  assert.deepEqual(
    (count['params'] as Json[]).map(({ name, required }) => [name, required]),
    [
      ['to', true],
      ['padding', false],
      ['fail', false],
    ],
  );
  assert.equal((count['x-events'] as Json)['notification'], 'suite.event');
  assert.equal(count['x-permission'], 'suite:use');
  const conflict = (count['errors'] as Json[]).find(({ message }) => message === 'conflict');
  assert.equal(conflict?.['code'], errorCatalogue.conflict.jsonRpc);
  const wait = methods.find(({ name }) => name === 'suite.wait') as Json;
  assert.equal(wait['x-events'], undefined);
});

test('definitions inside of schemas are found from the document', () => {
  const tree = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $defs: {
      node: { type: 'object', properties: { next: { $ref: '#/$defs/node' }, all: [{ $ref: '#/$defs/node' }] } },
    },
    type: 'object',
    properties: { root: { $ref: '#/$defs/node' }, $ref: { type: 'string' } },
  };
  const operation: OperationDescriptor = {
    name: 'trees.grow',
    summary: 'Grows a tree.',
    params: tree,
    result: { anyOf: [{ type: 'null' }, { $ref: 'https://elsewhere.example/schema' }] },
    event: null,
    permission: 'trees:grow',
    owner: { kind: 'host' },
    effect: 'read',
    errors: [],
    plugin: 'trees',
  };
  const document = openRpcDocument([operation, { ...operation, name: 'trees.fell', params: { type: 'object' } }]);
  const text = JSON.stringify(document);
  assert.doesNotMatch(text, /#\/\$defs\//);
  assert.match(
    text,
    /"root","required":false,"schema":\{"\$ref":"#\/components\/schemas\/trees\.grow\.params\.node"\}/,
  );
  assert.deepEqual(Object.keys(document.components.schemas), ['trees.grow.params.node']);
  checkOpenRpc(JSON.parse(text.replaceAll('https://elsewhere.example/schema', '#/info')) as Json);
});
