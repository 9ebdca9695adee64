import {
  defineOperation,
  inSandbox,
  SoulboxError,
  z,
  type LiveSandboxes,
  type PluginContext,
  type SearchMatch,
} from '@soulbox/plugin-sdk';
import type { Config } from './config.ts';
import { owner, PathParam, pathErrors, present, SandboxParam } from './shapes.ts';

const ChangeSchema = z.union([
  /** First: from now on changes are told. */
  z.object({ type: z.literal('ready'), folders: z.number() }),
  z.object({ type: z.enum(['created', 'written', 'removed', 'attributes']), path: z.string() }),
  z.object({ type: z.literal('renamed'), path: z.string(), to: z.string() }),
  /** Too much happened at once: look again. */
  z.object({ type: z.literal('lost') }),
]);

const watch = defineOperation({
  name: 'files.watch',
  summary: 'Tells of changes in a folder of a sandbox, with recursive also below it, until the caller leaves.',
  params: z.strictObject({ sandbox: SandboxParam, path: PathParam, recursive: z.boolean().optional() }),
  result: z.object({}),
  event: ChangeSchema,
  permission: 'files:read',
  owner,
  effect: 'read',
  errors: [...pathErrors, 'overloaded', 'disk_full'],
});

const search = defineOperation({
  name: 'files.search',
  summary: 'Finds files of a sandbox by name, and lines of them by text.',
  params: z.strictObject({
    sandbox: SandboxParam,
    path: PathParam.optional(),
    /** A shell pattern for names: `*.py`. */
    name: z.string().min(1).max(1_000).optional(),
    text: z.string().min(1).max(10_000).optional(),
    /** Whether `text` is a POSIX extended regular expression. */
    expression: z.boolean().optional(),
    anyCase: z.boolean().optional(),
    most: z.int().min(1).optional(),
  }),
  result: z.object({
    matches: z.array(
      z.object({
        path: z.string(),
        /** Of matches of `text`, from 1. */
        line: z.number().nullable(),
        column: z.number().nullable(),
        text: z.string().nullable(),
      }),
    ),
    truncated: z.boolean(),
  }),
  permission: 'files:read',
  owner,
  effect: 'read',
  errors: pathErrors,
});

const shown = ({ path, line, column, text }: SearchMatch) => ({
  path,
  line: line ?? null,
  column: column ?? null,
  text: text ?? null,
});

export function addWatching(context: PluginContext<Config>, sandboxes: LiveSandboxes): void {
  context.operation(watch, ({ sandbox, path, ...options }, call) =>
    inSandbox(sandboxes, sandbox, call, async ({ agent }) => {
      for await (const event of agent.watch(path, { ...present(options), signal: call.signal })) await call.emit(event);
      throw new SoulboxError('sandbox_lost', 'the sandbox is gone');
    }),
  );
  context.operation(search, ({ sandbox, path = '.', most = context.config.entries, ...query }, call) =>
    inSandbox(sandboxes, sandbox, call, async ({ agent }) => {
      const limit = Math.min(most, context.config.entries);
      const matches: ReturnType<typeof shown>[] = [];
      const found = agent.search(path, { ...present(query), most: limit + 1, signal: call.signal });
      for await (const match of found) matches.push(shown(match));
      return { matches: matches.slice(0, limit), truncated: matches.length > limit };
    }),
  );
}
