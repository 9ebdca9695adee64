import { defineOperation, inSandbox, z, type LiveSandboxes, type PluginContext } from '@soulbox/plugin-sdk';
import type { Config } from './config.ts';
import {
  EntrySchema,
  ModeParam,
  owner,
  PathParam,
  pathErrors,
  present,
  SandboxParam,
  shown,
  writeErrors,
} from './shapes.ts';

const one = { sandbox: SandboxParam, path: PathParam };
const two = { sandbox: SandboxParam, from: PathParam, to: PathParam, replace: z.boolean().optional() };

const stat = defineOperation({
  name: 'files.stat',
  summary: 'Tells what a path of a sandbox is; of a link the link itself, unless follow is set.',
  params: z.strictObject({ ...one, follow: z.boolean().optional() }),
  result: EntrySchema,
  permission: 'files:read',
  owner,
  effect: 'read',
  errors: pathErrors,
});

const list = defineOperation({
  name: 'files.list',
  summary: 'Lists a folder of a sandbox, and with depth what is below it.',
  params: z.strictObject({ ...one, depth: z.int().min(1).max(1_000).optional() }),
  result: z.object({
    entries: z.array(EntrySchema),
    /** Whether there are more than this host answers with. */
    truncated: z.boolean(),
  }),
  permission: 'files:read',
  owner,
  effect: 'read',
  errors: pathErrors,
});

const makeFolder = defineOperation({
  name: 'files.makeFolder',
  summary: 'Makes a folder, and unless parents is false those above it; then it may exist.',
  params: z.strictObject({ ...one, parents: z.boolean().optional(), mode: ModeParam.optional() }),
  result: EntrySchema,
  permission: 'files:write',
  owner,
  effect: 'write',
  errors: writeErrors,
});

const move = defineOperation({
  name: 'files.move',
  summary: 'Moves or renames a file or folder.',
  params: z.strictObject(two),
  result: EntrySchema,
  permission: 'files:write',
  owner,
  effect: 'write',
  errors: [...writeErrors, 'folder_not_empty'],
});

const copy = defineOperation({
  name: 'files.copy',
  summary: 'Copies a file, or with recursive a folder; links are copied as links.',
  params: z.strictObject({ ...two, recursive: z.boolean().optional() }),
  result: z.object({ bytes: z.number() }),
  permission: 'files:write',
  owner,
  effect: 'write',
  errors: [...writeErrors, 'unsupported'],
});

const remove = defineOperation({
  name: 'files.remove',
  summary:
    'Removes a file or an empty folder, with recursive also one that is not; with missing it may be gone already.',
  params: z.strictObject({ ...one, recursive: z.boolean().optional(), missing: z.boolean().optional() }),
  result: z.object({}),
  permission: 'files:write',
  owner,
  effect: 'write',
  errors: [...pathErrors, 'folder_not_empty'],
});

const set = defineOperation({
  name: 'files.set',
  summary: 'Sets permissions or the time of the last change, with recursive of everything below too.',
  params: z.strictObject({
    ...one,
    mode: ModeParam.optional(),
    /** Milliseconds since the epoch. */
    modifiedAt: z.int().min(0).optional(),
    recursive: z.boolean().optional(),
  }),
  result: EntrySchema,
  permission: 'files:write',
  owner,
  effect: 'write',
  errors: pathErrors,
});

const link = defineOperation({
  name: 'files.link',
  summary: 'Makes a symbolic link.',
  params: z.strictObject({ ...one, target: PathParam }),
  result: EntrySchema,
  permission: 'files:write',
  owner,
  effect: 'write',
  errors: writeErrors,
});

export function addTree(context: PluginContext<Config>, sandboxes: LiveSandboxes): void {
  const { entries: most } = context.config;
  context.operation(stat, ({ sandbox, path, follow }, call) =>
    inSandbox(sandboxes, sandbox, call, async ({ agent }) => shown(await agent.stat(path, present({ follow })))),
  );
  context.operation(list, ({ sandbox, path, depth = 1 }, call) =>
    inSandbox(sandboxes, sandbox, call, async ({ agent }) => {
      const entries: z.infer<typeof EntrySchema>[] = [];
      for await (const some of agent.list(path, { depth, most: most + 1, signal: call.signal }))
        entries.push(...some.map(shown));
      return { entries: entries.slice(0, most), truncated: entries.length > most };
    }),
  );
  context.operation(makeFolder, ({ sandbox, path, parents = true, mode }, call) =>
    inSandbox(sandboxes, sandbox, call, async ({ agent }) =>
      shown(await agent.makeFolder(path, { parents, ...present({ mode }) })),
    ),
  );
  context.operation(move, ({ sandbox, from, to, replace }, call) =>
    inSandbox(sandboxes, sandbox, call, async ({ agent }) => {
      await agent.move(from, to, present({ replace }));
      return shown(await agent.stat(to));
    }),
  );
  context.operation(copy, ({ sandbox, from, to, ...options }, call) =>
    inSandbox(sandboxes, sandbox, call, async ({ agent }) => ({
      bytes: await agent.copy(from, to, { ...present(options), signal: call.signal }),
    })),
  );
  context.operation(remove, ({ sandbox, path, ...options }, call) =>
    inSandbox(sandboxes, sandbox, call, async ({ agent }) => {
      await agent.remove(path, { ...present(options), signal: call.signal });
      return {};
    }),
  );
  context.operation(set, ({ sandbox, path, ...change }, call) =>
    inSandbox(sandboxes, sandbox, call, async ({ agent }) => shown(await agent.set(path, present(change)))),
  );
  context.operation(link, ({ sandbox, path, target }, call) =>
    inSandbox(sandboxes, sandbox, call, async ({ agent }) => shown(await agent.link(path, target))),
  );
}
