import {
  defineOperation,
  fromWireText,
  inSandbox,
  once,
  z,
  type LiveSandboxes,
  type PluginContext,
} from '@soulbox/plugin-sdk';
import type { Config } from './config.ts';
import {
  EncodingSchema,
  find,
  one,
  owner,
  ProcessSchema,
  sandboxErrors,
  SandboxParam,
  shown,
  TerminalSchema,
} from './shapes.ts';

const nothing = z.object({});
const processErrors = [...sandboxErrors, 'process_not_found', 'process_ended'] as const;

const input = defineOperation({
  name: 'processes.input',
  summary: 'Writes to the standard input or terminal of a process; answers when it has been written.',
  params: z.strictObject({
    ...one,
    data: z.string().optional(),
    encoding: EncodingSchema.optional(),
    /** Whether this is the end of it. */
    close: z.boolean().optional(),
  }),
  result: nothing,
  permission: 'processes:create',
  owner,
  effect: 'create',
  errors: processErrors,
});

const kill = defineOperation({
  name: 'processes.kill',
  summary: 'Sends a signal to a process, or with session to everything that it started in its session.',
  params: z.strictObject({
    ...one,
    /** Default: `SIGKILL`. */
    signal: z.string().min(1).max(32).optional(),
    session: z.boolean().optional(),
  }),
  result: nothing,
  permission: 'processes:create',
  owner,
  effect: 'write',
  errors: processErrors,
});

const resize = defineOperation({
  name: 'processes.resize',
  summary: 'Changes the size of the terminal of a process.',
  params: z.strictObject({ ...one, terminal: TerminalSchema }),
  result: nothing,
  permission: 'processes:create',
  owner,
  effect: 'write',
  errors: processErrors,
});

const list = defineOperation({
  name: 'processes.list',
  summary: 'Lists the processes that were started in a sandbox, also those that ended and are not forgotten.',
  params: z.strictObject({ sandbox: SandboxParam }),
  result: z.object({ processes: z.array(ProcessSchema) }),
  permission: 'processes:read',
  owner,
  effect: 'read',
  errors: sandboxErrors,
});

const get = defineOperation({
  name: 'processes.get',
  summary: 'Answers with a process of a sandbox.',
  params: z.strictObject(one),
  result: ProcessSchema,
  permission: 'processes:read',
  owner,
  effect: 'read',
  errors: [...sandboxErrors, 'process_not_found'],
});

const forget = defineOperation({
  name: 'processes.forget',
  summary: 'Gives up what is kept of a process that has ended.',
  params: z.strictObject(one),
  result: nothing,
  permission: 'processes:create',
  owner,
  effect: 'write',
  errors: [...sandboxErrors, 'process_not_found', 'conflict'],
});

export function addControl(context: PluginContext<Config>, sandboxes: LiveSandboxes): void {
  context.operation(input, ({ sandbox, process, data = '', encoding, close = false }, call) =>
    inSandbox(sandboxes, sandbox, call, async ({ agent }) => {
      const bytes = fromWireText(data, encoding, 'data');
      await agent.input(process, once(bytes), { close, signal: call.signal });
      return {};
    }),
  );
  context.operation(kill, ({ sandbox, process, signal = 'SIGKILL', session = false }, call) =>
    inSandbox(sandboxes, sandbox, call, async ({ agent }) => {
      await agent.kill(process, signal, { session });
      return {};
    }),
  );
  context.operation(resize, ({ sandbox, process, terminal }, call) =>
    inSandbox(sandboxes, sandbox, call, async ({ agent }) => {
      await agent.resize(process, terminal);
      return {};
    }),
  );
  context.operation(list, ({ sandbox }, call) =>
    inSandbox(sandboxes, sandbox, call, async ({ agent }) => ({ processes: (await agent.processes()).map(shown) })),
  );
  context.operation(get, ({ sandbox, process }, call) =>
    inSandbox(sandboxes, sandbox, call, async ({ agent }) => {
      return shown(await find(agent, process));
    }),
  );
  context.operation(forget, ({ sandbox, process }, call) =>
    inSandbox(sandboxes, sandbox, call, async ({ agent }) => {
      await agent.forget(process);
      return {};
    }),
  );
}
