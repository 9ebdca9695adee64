import {
  defineOperation,
  inSandbox,
  isSoulboxError,
  SoulboxError,
  z,
  type LiveSandboxes,
  type OpenSandbox,
  type OperationCall,
  type PluginContext,
} from '@soulbox/plugin-sdk';
import { runCell, type CellListener } from './cell.ts';
import { Collected } from './collected.ts';
import type { Config } from './config.ts';
import type { Contexts } from './contexts.ts';
import { endInterpreter } from './interpreter.ts';
import type { ContextRecord } from './records.ts';
import { RunningCell } from './running-cell.ts';
import {
  CellEventSchema,
  CellResultSchema,
  ContextParam,
  owner,
  sandboxErrors,
  SandboxParam,
  startErrors,
  type CellEvent,
  type CellResult,
} from './shapes.ts';

const run = defineOperation({
  name: 'contexts.run',
  summary:
    'Runs a cell in a context, and answers with its output and results; without a context, in the usual one of a language.',
  params: z.strictObject({
    sandbox: SandboxParam,
    context: ContextParam.optional(),
    /** Where no context is named. Default: `python`. */
    language: z.string().min(1).max(64).optional(),
    code: z.string().max(4 * 1_048_576),
    timeoutMs: z
      .int()
      .min(1)
      .max(2 ** 31 - 1)
      .optional(),
  }),
  result: CellResultSchema,
  event: CellEventSchema,
  permission: 'processes:create',
  owner,
  effect: 'create',
  errors: [...sandboxErrors, ...startErrors, 'process_ended', 'conflict', 'payload_too_large', 'invalid_params'],
});

type Call = Pick<OperationCall, 'signal'> & { readonly emit: (event: CellEvent) => Promise<void> };

function listening(collected: Collected, call: Call, running?: RunningCell): CellListener {
  // Whoever left gets nothing more; the cell is on its way to its end then.
  const emit = async (event: CellEvent) => {
    if (call.signal.aborted) return;
    await call.emit(event).catch((thrown: unknown) => {
      if (!call.signal.aborted) throw thrown;
    });
  };
  return {
    started: () => running?.started(),
    async output(stream, data, text) {
      collected.output(stream, data);
      if (text) await emit({ type: 'output', stream, ...text });
    },
    async shown(message) {
      collected.shown(message);
      const { type, data, metadata } = message;
      await emit({ type, data, metadata });
    },
    async failed(error) {
      collected.error = error;
      await emit({ type: 'error', error });
    },
  };
}

interface Cell {
  readonly code: string;
  readonly timeoutMs: number;
}

async function runIn(
  contexts: Contexts,
  config: Config,
  sandbox: OpenSandbox,
  record: ContextRecord,
  cell: Cell,
  call: Call,
): Promise<CellResult> {
  const prepared = await contexts.prepare(sandbox, record, cell.code);
  const collected = new Collected(config);
  if (!prepared.ok) {
    await listening(collected, call).failed(prepared.error);
    return { context: record.id, state: 'error', ...collected.result };
  }
  const { agent } = sandbox;
  const { process } = record;
  const { cell: id, from } = await contexts.next(agent, record);
  const running = new RunningCell(agent, process, config.graceMs);
  const late = AbortSignal.timeout(cell.timeoutMs);
  const interrupt = () => running.interrupt();
  for (const signal of [late, call.signal]) signal.addEventListener('abort', interrupt, { once: true });
  contexts.running(record.id, running);
  const listener = listening(collected, call, running);
  try {
    const order = { agent, process, from, id, code: prepared.code, most: config.resultBytes, listener };
    const { offset, lost } = await runCell(order);
    contexts.moved(record.id, lost ? undefined : offset);
    if (call.signal.aborted) throw new SoulboxError('cancelled', 'the caller left; the cell was interrupted');
    const { error } = collected;
    const state = lost ? 'ended' : late.aborted ? 'timeout' : error === null ? 'ok' : 'error';
    return { context: record.id, state, ...collected.result };
  } catch (thrown) {
    // What it has yet to say would be taken for the next cell's.
    if (isSoulboxError(thrown) && thrown.code === 'payload_too_large') await endInterpreter(agent, process);
    contexts.moved(record.id, undefined);
    throw thrown;
  } finally {
    call.signal.removeEventListener('abort', interrupt);
    late.removeEventListener('abort', interrupt);
    contexts.running(record.id, undefined);
    running.ended();
  }
}

export function addRun(context: PluginContext<Config>, sandboxes: LiveSandboxes, contexts: Contexts): void {
  const { config } = context;
  context.operation(run, ({ sandbox, context: named, language = 'python', code, timeoutMs = config.timeoutMs }, call) =>
    inSandbox(sandboxes, sandbox, call, async (open) => {
      const { id } = named === undefined ? await contexts.usual(open, language) : await contexts.get(sandbox, named);
      return contexts.turns(id).take(call.signal, async () => {
        // It may have been restarted meanwhile.
        const record = await contexts.get(sandbox, id);
        return runIn(contexts, config, open, record, { code, timeoutMs }, call);
      });
    }),
  );
}
