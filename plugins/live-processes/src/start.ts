import {
  Beginning,
  defineOperation,
  inSandbox,
  SoulboxError,
  z,
  type LiveSandboxes,
  type OpenSandbox,
  type PluginContext,
  type ProcessInfo,
} from '@soulbox/plugin-sdk';
import type { Config } from './config.ts';
import { Pieces } from './pieces.ts';
import {
  EncodingSchema,
  OutputSchema,
  owner,
  ProcessSchema,
  sandboxErrors,
  SandboxParam,
  shown,
  TerminalSchema,
} from './shapes.ts';

const mostTimeoutMs = 31 * 86_400_000;
const programShape = {
  sandbox: SandboxParam,
  /** A program and its arguments; or `command`. */
  argv: z.array(z.string().max(131_072)).min(1).max(4_096).optional(),
  /** For the shell. */
  command: z.string().min(1).max(131_072).optional(),
  env: z.record(z.string().regex(/^[^=\0]+$/, 'must be the name of a variable'), z.string()).optional(),
  /** Absolute, or relative to the home folder, which is also the default. */
  cwd: z.string().min(1).max(4_096).optional(),
  /** Only `sandbox`, the user that everything there belongs to. */
  user: z.string().max(64).optional(),
  timeoutMs: z.int().min(1).max(mostTimeoutMs).optional(),
};

const start = defineOperation({
  name: 'processes.start',
  summary: 'Starts a program in a sandbox that stays, and answers at once; its output is kept for those who attach.',
  params: z.strictObject({
    ...programShape,
    stdin: z.boolean().optional(),
    terminal: TerminalSchema.optional(),
    /** How much of its output is kept. Default: 1 MiB. */
    keptBytes: z
      .int()
      .min(4_096)
      .max(8 * 1_048_576)
      .optional(),
    /** What clients know it by. */
    tag: z.string().min(1).max(200).optional(),
  }),
  result: ProcessSchema,
  permission: 'processes:create',
  owner,
  effect: 'create',
  errors: [...sandboxErrors, 'unsupported', 'overloaded', 'path_not_found', 'path_denied'],
});

const run = defineOperation({
  name: 'processes.run',
  summary: 'Runs a program in a sandbox that stays to its end, and answers with what it wrote.',
  params: z.strictObject({ ...programShape, outputBytes: z.int().min(1).optional() }),
  result: z.object({
    process: ProcessSchema,
    stdout: z.string(),
    stderr: z.string(),
    encoding: z.object({ stdout: EncodingSchema, stderr: EncodingSchema }),
    /** Whether there was more than is shown: the program went on, and what came later is missing. */
    truncated: z.object({ stdout: z.boolean(), stderr: z.boolean() }),
  }),
  event: OutputSchema,
  permission: 'processes:create',
  owner,
  effect: 'create',
  errors: [...sandboxErrors, 'unsupported', 'overloaded', 'path_not_found', 'path_denied', 'limit_out_of_range'],
});

interface Program {
  readonly argv?: readonly string[] | undefined;
  readonly command?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string | undefined;
  readonly user?: string | undefined;
  readonly timeoutMs?: number | undefined;
}

/** @throws invalid_params, unsupported */
function argvOf({ argv, command, user = 'sandbox' }: Program): readonly string[] {
  if (user !== 'sandbox') throw new SoulboxError('unsupported', 'programs run as the user "sandbox" only');
  if ((argv === undefined) === (command === undefined))
    throw new SoulboxError('invalid_params', 'either argv or command says what to start');
  return argv ?? ['/bin/sh', '-c', command!];
}

function startIn(
  { agent, info }: OpenSandbox,
  program: Program,
  config: Config,
  over: object = {},
): Promise<ProcessInfo> {
  const { cwd, timeoutMs } = program;
  return agent.start({
    argv: argvOf(program),
    env: { ...config.env, ...info.env, ...program.env },
    ...(cwd === undefined ? {} : { cwd }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...over,
  });
}

export function addStart(context: PluginContext<Config>, sandboxes: LiveSandboxes): void {
  const { config } = context;
  context.operation(start, ({ sandbox, stdin, terminal, keptBytes, tag, ...program }, call) =>
    inSandbox(sandboxes, sandbox, call, async (open) => {
      const over = Object.fromEntries(
        Object.entries({ stdin, terminal, keptBytes, tag }).filter(([, value]) => value !== undefined),
      );
      return shown(await startIn(open, program, config, over));
    }),
  );
  context.operation(run, ({ sandbox, outputBytes = config.collectedBytes, ...program }, call) =>
    inSandbox(sandboxes, sandbox, call, async (open) => {
      if (outputBytes > config.mostCollectedBytes)
        throw new SoulboxError('limit_out_of_range', `outputBytes: at most ${config.mostCollectedBytes} here`, {
          details: { field: 'outputBytes', maximum: config.mostCollectedBytes },
        });
      const { id } = await startIn(open, program, config);
      const collected = { stdout: new Beginning(outputBytes), stderr: new Beginning(outputBytes) };
      const pieces = new Pieces();
      try {
        for await (const event of open.agent.attach(id, { signal: call.signal })) {
          if (event.type === 'ended') {
            for (const piece of pieces.rest()) await call.emit(piece);
            const [stdout, stderr] = [collected.stdout.wire, collected.stderr.wire];
            await open.agent.forget(id).catch(() => undefined);
            return {
              process: shown(event.process),
              stdout: stdout.text,
              stderr: stderr.text,
              encoding: { stdout: stdout.encoding, stderr: stderr.encoding },
              truncated: { stdout: collected.stdout.truncated, stderr: collected.stderr.truncated },
            };
          }
          if (event.type === 'output' && event.stream !== 'control') collected[event.stream].add(event.data);
          for (const piece of pieces.of(event)) await call.emit(piece);
        }
        throw new SoulboxError('sandbox_lost', 'the sandbox is gone');
      } catch (thrown) {
        // Who asked for it does not wait any more; nobody else knows of it.
        await open.agent.kill(id, 'SIGKILL', { session: true }).catch(() => undefined);
        throw thrown;
      }
    }),
  );
}
