import assert from 'node:assert/strict';

export type Json = Record<string, unknown>;

function keysWithin(object: Json, required: readonly string[], optional: readonly string[]): void {
  for (const key of required) assert.ok(key in object, `${key} is missing in ${JSON.stringify(object).slice(0, 200)}`);
  for (const key of Object.keys(object))
    assert.ok(required.includes(key) || optional.includes(key) || key.startsWith('x-'), `${key} is not in the spec`);
}

/** Checks a document against the objects that the OpenRPC 1.3 specification defines, as far as they are used. */
export function checkOpenRpc(document: Json): void {
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
