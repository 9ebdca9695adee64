import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorCatalogue, type OperationDescriptor } from '@soulbox/plugin-sdk';
import { SuiteApi } from '@soulbox/plugin-sdk/conformance';
import { openRpcDocument } from '../src/openrpc.ts';
import { checkOpenRpc, type Json } from './support/openrpc-spec.ts';
import { Peer } from './support/peer.ts';
import { serve } from './support/serve.ts';

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
