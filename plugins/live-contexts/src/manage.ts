import { defineOperation, inSandbox, z, type LiveSandboxes, type PluginContext } from '@soulbox/plugin-sdk';
import type { Config } from './config.ts';
import type { Contexts } from './contexts.ts';
import { ContextParam, ContextSchema, owner, sandboxErrors, SandboxParam, startErrors } from './shapes.ts';

const one = { sandbox: SandboxParam, context: ContextParam };
const nothing = z.object({});

const create = defineOperation({
  name: 'contexts.create',
  summary: 'Starts an interpreter in a sandbox that stays, whose cells share their state.',
  params: z.strictObject({
    sandbox: SandboxParam,
    /** `python`, `javascript`, `typescript`, `shell`, or another that has contexts. Default: `python`. */
    language: z.string().min(1).max(64).optional(),
    version: z.string().min(1).max(64).optional(),
    cwd: z.string().min(1).max(4_096).optional(),
    env: z.record(z.string().regex(/^[^=\0]+$/, 'must be the name of a variable'), z.string()).optional(),
  }),
  result: ContextSchema,
  permission: 'processes:create',
  owner,
  effect: 'create',
  errors: [...sandboxErrors, ...startErrors, 'path_not_found'],
});

const list = defineOperation({
  name: 'contexts.list',
  summary: 'Lists the contexts of a sandbox.',
  params: z.strictObject({ sandbox: SandboxParam }),
  result: z.object({ contexts: z.array(ContextSchema) }),
  permission: 'processes:read',
  owner,
  effect: 'read',
  errors: sandboxErrors,
});

const get = defineOperation({
  name: 'contexts.get',
  summary: 'Answers with a context of a sandbox.',
  params: z.strictObject(one),
  result: ContextSchema,
  permission: 'processes:read',
  owner,
  effect: 'read',
  errors: sandboxErrors,
});

const interrupt = defineOperation({
  name: 'contexts.interrupt',
  summary: 'Interrupts the cell that runs in a context, if one does.',
  params: z.strictObject(one),
  result: z.object({ interrupted: z.boolean() }),
  permission: 'processes:create',
  owner,
  effect: 'write',
  errors: sandboxErrors,
});

const restart = defineOperation({
  name: 'contexts.restart',
  summary: 'Ends the interpreter of a context and starts another: all state is gone, and cells that wait are refused.',
  params: z.strictObject(one),
  result: ContextSchema,
  permission: 'processes:create',
  owner,
  effect: 'write',
  errors: [...sandboxErrors, ...startErrors],
});

const remove = defineOperation({
  name: 'contexts.delete',
  summary: 'Ends a context.',
  params: z.strictObject(one),
  result: nothing,
  permission: 'processes:create',
  owner,
  effect: 'write',
  errors: sandboxErrors,
});

export function addManagement(context: PluginContext<Config>, sandboxes: LiveSandboxes, contexts: Contexts): void {
  context.operation(create, ({ sandbox, language = 'python', ...order }, call) =>
    inSandbox(sandboxes, sandbox, call, async (open) => {
      const record = await contexts.create(open, { language, ...order });
      return (await contexts.shown(open.agent, [record]))[0]!;
    }),
  );
  context.operation(list, ({ sandbox }, call) =>
    inSandbox(sandboxes, sandbox, call, async ({ agent }) => ({
      contexts: await contexts.shown(agent, await contexts.list(sandbox)),
    })),
  );
  context.operation(get, ({ sandbox, context: id }, call) =>
    inSandbox(sandboxes, sandbox, call, async ({ agent }) => {
      return (await contexts.shown(agent, [await contexts.get(sandbox, id)]))[0]!;
    }),
  );
  context.operation(interrupt, ({ sandbox, context: id }, call) =>
    inSandbox(sandboxes, sandbox, call, async () => {
      await contexts.get(sandbox, id);
      return { interrupted: contexts.interrupt(id) };
    }),
  );
  context.operation(restart, ({ sandbox, context: id }, call) =>
    inSandbox(sandboxes, sandbox, call, async (open) => {
      const record = await contexts.restart(open, await contexts.get(sandbox, id));
      return (await contexts.shown(open.agent, [record]))[0]!;
    }),
  );
  context.operation(remove, ({ sandbox, context: id }, call) =>
    inSandbox(sandboxes, sandbox, call, async ({ agent }) => {
      await contexts.remove(agent, await contexts.get(sandbox, id));
      return {};
    }),
  );
}
