import {
  defineOperation,
  inSandbox,
  SoulboxError,
  z,
  type LiveSandboxes,
  type PluginContext,
} from '@soulbox/plugin-sdk';
import type { Config } from './config.ts';
import { Pieces } from './pieces.ts';
import { find, one, OutputSchema, owner, ProcessSchema, sandboxErrors, shown } from './shapes.ts';

const attach = defineOperation({
  name: 'processes.attach',
  summary: 'Tells what a process wrote and writes until it ends; with fromOffset, from there on.',
  params: z.strictObject({
    ...one,
    /** As in its events. Default: the oldest that is kept. */
    fromOffset: z.int().min(0).optional(),
  }),
  result: ProcessSchema,
  event: OutputSchema,
  permission: 'processes:read',
  owner,
  effect: 'read',
  errors: [...sandboxErrors, 'process_not_found'],
});

const wait = defineOperation({
  name: 'processes.wait',
  summary: 'Answers when a process has ended, or with timeoutMs after so long, whatever its state then.',
  params: z.strictObject({
    ...one,
    timeoutMs: z
      .int()
      .min(1)
      .max(2 ** 31 - 1)
      .optional(),
  }),
  result: ProcessSchema,
  permission: 'processes:read',
  owner,
  effect: 'read',
  errors: [...sandboxErrors, 'process_not_found'],
});

export function addOutput(context: PluginContext<Config>, sandboxes: LiveSandboxes): void {
  context.operation(attach, ({ sandbox, process, fromOffset }, call) =>
    inSandbox(sandboxes, sandbox, call, async ({ agent }) => {
      const pieces = new Pieces();
      const from = fromOffset === undefined ? {} : { from: fromOffset };
      for await (const event of agent.attach(process, { ...from, signal: call.signal })) {
        if (event.type === 'ended') {
          for (const piece of pieces.rest()) await call.emit(piece);
          return shown(event.process);
        }
        for (const piece of pieces.of(event)) await call.emit(piece);
      }
      throw new SoulboxError('sandbox_lost', 'the sandbox is gone');
    }),
  );
  context.operation(wait, ({ sandbox, process, timeoutMs }, call) =>
    inSandbox(sandboxes, sandbox, call, async ({ agent }) => {
      const late = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
      const signal = late ? AbortSignal.any([late, call.signal]) : call.signal;
      try {
        // What it wrote so far is of no interest.
        for await (const event of agent.attach(process, { from: (await find(agent, process)).emitted, signal }))
          if (event.type === 'ended') return shown(event.process);
        throw new SoulboxError('sandbox_lost', 'the sandbox is gone');
      } catch (thrown) {
        if (!late?.aborted || call.signal.aborted) throw thrown;
        return shown(await find(agent, process));
      }
    }),
  );
}
