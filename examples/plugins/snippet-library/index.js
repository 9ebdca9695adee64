import { Api, definePlugin, ExecutionResultSchema, SoulboxError, Store, token } from '@soulbox/plugin-sdk';
import { get, list, remove, run, save, SnippetSchema } from './operations.js';

/** Those who tap the hook require it, so that they start after it. @type {import('./index.js').SnippetLibraryToken} */
export const SnippetLibrary = token('snippet-library', '1.0.0');
const collection = 'snippet-library.snippets';

/** Keeps pieces of code by name, those of each tenant by themselves, and runs them. */
export default definePlugin({
  id: 'snippet-library',
  requires: { store: Store, api: Api },
  provides: [SnippetLibrary],
  async setup({ hooks, operation, provide }, { store, api }) {
    await store.define(collection, { indexes: ['tenant', 'tenant,name'] });
    hooks.define('snippet-library.saving', {
      kind: 'waterfall',
      timeoutMs: 2_000,
      onError: 'fail',
      result: SnippetSchema,
      description: 'A snippet is about to be saved; taps may change it, or refuse it by throwing a SoulboxError.',
    });

    // Names hold no slash, so that no tenant can name what is another's.
    const idOf = (/** @type {string} */ tenant, /** @type {string} */ name) => `${tenant}/${name}`;
    const find = async (/** @type {string} */ tenant, /** @type {string} */ name) => {
      const found = await store.get(collection, idOf(tenant, name));
      if (!found) throw new SoulboxError('not_found', `there is no snippet "${name}"`);
      return { name, version: found.version, ...SnippetSchema.strip().parse(found.value) };
    };

    provide(SnippetLibrary, { find });

    operation(save, async ({ name, ...given }, { principal: { tenant } }) => {
      const snippet = await hooks.call('snippet-library.saving', given, { name, tenant });
      const value = { ...snippet, tenant, name };
      const [version = 1] = await store.commit([{ op: 'put', collection, id: idOf(tenant, name), value }]);
      return { name, version };
    });
    operation(get, ({ name }, { principal }) => find(principal.tenant, name));
    operation(list, async ({ limit = 100, cursor }, { principal: { tenant } }) => {
      const page = await store.query(collection, {
        where: { tenant },
        orderBy: { field: 'name' },
        limit,
        ...(cursor === undefined ? {} : { after: cursor }),
      });
      return { names: page.documents.map(({ id }) => id.slice(tenant.length + 1)), cursor: page.cursor };
    });
    operation(remove, async ({ name }, { principal: { tenant } }) => {
      const [version] = await store.commit([{ op: 'delete', collection, id: idOf(tenant, name) }]);
      return { deleted: version === 0 };
    });
    operation(run, async ({ name, ...rest }, { principal, requestId, signal }) => {
      const { language, code } = await find(principal.tenant, name);
      const params = { language, code, ...rest };
      return ExecutionResultSchema.parse(await api.call('executions.create', params, { principal, requestId, signal }));
    });
  },
});
