import {
  AuthProvider,
  definePlugin,
  isSoulboxError,
  type Api,
  type OperationCall,
  type Plugin,
  type Schema,
} from '@soulbox/plugin-sdk';

/** Looks like a JSON Schema and takes anything: what stands behind it checks for itself. */
function described(json: Record<string, unknown>): Schema {
  const describe = () => json;
  return {
    '~standard': {
      version: 1,
      vendor: 'soulbox',
      validate: (value: unknown) => ({ value }),
      jsonSchema: { input: describe, output: describe },
    },
  };
}

async function forward(api: Api, name: string, params: unknown, call: OperationCall): Promise<unknown> {
  const { principal, requestId, signal } = call;
  for await (const item of api.stream(name, params, { principal, requestId, signal })) {
    if ('result' in item) return item.result;
    await call.emit(item.event);
  }
  return undefined;
}

/**
 * A plugin that adds the operations of an {@link Api}, and lets in whom that one lets in: so that a transport which a
 * host has loaded serves the operations of `transportSuite`.
 */
export async function apiPlugin(api: Api): Promise<Plugin> {
  const operations = await api.operations();
  const provider: AuthProvider = {
    describe: async () => ({ schemes: ['bearer'] }),
    verify: async (credentials) =>
      api.authenticate(credentials).catch((thrown: unknown) => {
        if (isSoulboxError(thrown) && thrown.code === 'unauthenticated') return undefined;
        throw thrown;
      }),
  };
  return definePlugin({
    id: 'suite-api',
    provides: [AuthProvider],
    setup(context) {
      context.provide(AuthProvider, provider, 'suite');
      for (const { plugin: _owner, params, result, event, ...rest } of operations) {
        const schemas = { params: described(params), result: described(result) };
        const definition = { ...rest, ...schemas, ...(event ? { event: described(event) } : {}) };
        context.operation(definition, (given, call) => forward(api, rest.name, given, call));
      }
    },
  });
}
