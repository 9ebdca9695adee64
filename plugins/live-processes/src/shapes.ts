import { SoulboxError, z, type LiveAgent, type ProcessInfo } from '@soulbox/plugin-sdk';

export const SandboxParam = z.string().min(1).max(64);
const ProcessParam = z
  .int()
  .min(1)
  .max(2 ** 32 - 1);
/** What names one process. */
export const one = { sandbox: SandboxParam, process: ProcessParam };
export const owner = { kind: 'tenant', idParam: 'sandbox' } as const;
export const sandboxErrors = ['not_found', 'sandbox_lost', 'sandbox_paused', 'draining', 'plugin_timeout'] as const;

const screen = z.int().min(1).max(1_000);
export const TerminalSchema = z.strictObject({ rows: screen, columns: screen });
export const EncodingSchema = z.enum(['utf8', 'base64']);

export const ProcessSchema = z.object({
  /** Of the sandbox; never used again in it. */
  id: z.number(),
  pid: z.number(),
  tag: z.string().nullable(),
  argv: z.array(z.string()),
  cwd: z.string(),
  /** Milliseconds since the epoch. */
  startedAt: z.number(),
  state: z.enum(['running', 'ended']),
  exitCode: z.number().nullable(),
  signal: z.string().nullable(),
  endedAt: z.number().nullable(),
  timedOut: z.boolean(),
  killedForMemory: z.boolean(),
  /** Bytes of output so far, over all streams, and the offset of the first that is still kept. */
  emitted: z.number(),
  oldest: z.number(),
  terminal: z.boolean(),
});

export function shown(process: ProcessInfo): z.infer<typeof ProcessSchema> {
  const { tag = null, argv, ...rest } = process;
  return { ...rest, tag, argv: [...argv] };
}

/** @throws process_not_found */
export async function find(agent: LiveAgent, id: number): Promise<ProcessInfo> {
  const found = (await agent.processes()).find((process) => process.id === id);
  if (!found) throw new SoulboxError('process_not_found', 'there is no such process');
  return found;
}

/** What comes while a process runs. `text` is base64 where it is no UTF-8. */
export const OutputSchema = z.union([
  z.object({
    type: z.literal('output'),
    stream: z.enum(['stdout', 'stderr', 'control']),
    offset: z.number(),
    text: z.string(),
    encoding: EncodingSchema,
  }),
  z.object({ type: z.literal('gap'), from: z.number(), to: z.number() }),
]);
export type Output = z.infer<typeof OutputSchema>;
