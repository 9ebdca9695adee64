import { Api, errorCatalogue, type ErrorCode, type OperationDescriptor } from '@soulbox/plugin-sdk';

type JsonSchema = Record<string, unknown>;

/** What every call can answer with, besides what its operation declares. */
const commonErrors: readonly ErrorCode[] = [
  'invalid_request',
  'invalid_params',
  'internal',
  'cancelled',
  'unauthenticated',
  'permission_denied',
  'auth_unavailable',
  'overloaded',
  'draining',
];

const principal: JsonSchema = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    tenant: { type: 'string' },
    roles: { type: 'array', items: { type: 'string' } },
    scopes: { type: 'array', items: { type: 'string' } },
  },
  required: ['id', 'tenant', 'roles', 'scopes'],
};

const object = (properties: Record<string, JsonSchema> = {}): JsonSchema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

/** What this transport adds to the operations of the host. */
const ownMethods: readonly OperationDescriptor[] = [
  {
    name: 'auth.login',
    summary: 'Shows a key, where the upgrade request could not carry one. Must be the first call.',
    params: object({ token: { type: 'string' } }),
    result: principal,
    errors: ['conflict'],
  },
  {
    name: 'rpc.discover',
    summary: 'Describes every method of this host.',
    params: object(),
    result: { type: 'object' },
    errors: [],
  },
  {
    name: '$/cancel',
    summary: 'Withdraws the call with this id, which then answers with the error "cancelled". Usually a notification.',
    params: object({ id: { oneOf: [{ type: 'string' }, { type: 'integer' }] } }),
    result: object({ found: { type: 'boolean' } }),
    errors: [],
  },
].map((method) => ({
  ...method,
  errors: method.errors as ErrorCode[],
  event: null,
  permission: '',
  owner: { kind: 'host' },
  effect: 'read',
  plugin: 'transport-websocket',
}));

function errorObjects(codes: readonly ErrorCode[]) {
  return [...new Set([...commonErrors, ...codes])].map((code) => ({
    code: errorCatalogue[code].jsonRpc,
    message: code,
    data: { retryable: errorCatalogue[code].retryable, advice: errorCatalogue[code].advice },
  }));
}

/** Definitions of a schema move to the document, since a `#/$defs/…` inside of it would point nowhere. */
class Components {
  readonly schemas: Record<string, unknown> = {};

  hoist(owner: string, schema: JsonSchema): JsonSchema {
    const { $schema: _dialect, $defs, ...rest } = schema;
    const prefix = `${owner.replaceAll(/[^A-Za-z0-9_.-]/g, '_')}.`;
    for (const [name, definition] of Object.entries(($defs ?? {}) as JsonSchema))
      this.schemas[prefix + name] = this.pointHere(prefix, definition);
    return this.pointHere(prefix, rest) as JsonSchema;
  }

  private pointHere(prefix: string, node: unknown): unknown {
    if (Array.isArray(node)) return node.map((item) => this.pointHere(prefix, item));
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(
      Object.entries(node).map(([key, value]) => [
        key,
        key === '$ref' && typeof value === 'string'
          ? value.replace(/^#\/\$defs\//, `#/components/schemas/${prefix}`)
          : this.pointHere(prefix, value),
      ]),
    );
  }
}

function describe(operation: OperationDescriptor, components: Components) {
  const { name } = operation;
  const params = components.hoist(`${name}.params`, operation.params);
  const required = new Set((params['required'] as string[] | undefined) ?? []);
  return {
    name,
    summary: operation.summary,
    paramStructure: 'by-name',
    params: Object.entries((params['properties'] ?? {}) as Record<string, JsonSchema>).map(([param, schema]) => ({
      name: param,
      required: required.has(param),
      schema,
    })),
    result: { name: 'result', schema: components.hoist(`${name}.result`, operation.result) },
    errors: errorObjects(operation.errors),
    // The list above cannot say what holds between parameters, or that others are refused.
    'x-params-schema': params,
    ...(operation.permission === '' ? {} : { 'x-permission': operation.permission }),
    ...(operation.event && {
      'x-events': {
        notification: `${name.slice(0, name.indexOf('.'))}.event`,
        schema: components.hoist(`${name}.event`, operation.event),
      },
    }),
  };
}

/** The OpenRPC 1.3 document of the operations given and of the methods that this transport adds. */
export function openRpcDocument(operations: readonly OperationDescriptor[]) {
  const components = new Components();
  return {
    openrpc: '1.3.2',
    info: { title: 'SoulBox', version: Api.version, license: { name: 'Apache-2.0' } },
    methods: [...ownMethods, ...operations].map((operation) => describe(operation, components)),
    components: { schemas: components.schemas },
  };
}
