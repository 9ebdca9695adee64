import { ContextErrorSchema, MimeBundleSchema, z } from '@soulbox/plugin-sdk';

export const SandboxParam = z.string().min(1).max(64);
export const ContextParam = z.string().min(1).max(64);
export const owner = { kind: 'tenant', idParam: 'sandbox' } as const;
export const sandboxErrors = ['not_found', 'sandbox_lost', 'sandbox_paused', 'draining', 'plugin_timeout'] as const;
export const startErrors = ['language_unknown', 'language_unavailable', 'unsupported', 'overloaded'] as const;

export const ContextSchema = z.object({
  id: z.string(),
  sandbox: z.string(),
  language: z.string(),
  /** Where its cells begin; absolute, or relative to the home folder; `null` means that one. */
  cwd: z.string().nullable(),
  createdAt: z.string(),
  /** The process in the sandbox, as `processes.get` knows it. */
  process: z.number(),
  /** `ended`: the interpreter is gone and with it all state; `contexts.restart` starts another. */
  state: z.enum(['idle', 'busy', 'ended']),
});

const ShownSchema = z.object({
  /** `result`: the value of the last expression; `display`: shown on the way. */
  type: z.enum(['result', 'display']),
  data: MimeBundleSchema,
  metadata: z.record(z.string(), z.unknown()),
});

const StreamSchema = z.enum(['stdout', 'stderr']);
const EncodingSchema = z.enum(['utf8', 'base64']);

/** What comes while a cell runs. `text` is base64 where it is no UTF-8. */
export const CellEventSchema = z.union([
  z.object({ type: z.literal('output'), stream: StreamSchema, text: z.string(), encoding: EncodingSchema }),
  ShownSchema,
  z.object({ type: z.literal('error'), error: ContextErrorSchema }),
]);
export type CellEvent = z.infer<typeof CellEventSchema>;

export const CellResultSchema = z.object({
  context: z.string(),
  /** `timeout`: its time was over and it was interrupted, whatever it made of that. `ended`: the interpreter ended under it, and the context needs a restart. */
  state: z.enum(['ok', 'error', 'timeout', 'ended']),
  results: z.array(ShownSchema),
  error: ContextErrorSchema.nullable(),
  stdout: z.string(),
  stderr: z.string(),
  encoding: z.object({ stdout: EncodingSchema, stderr: EncodingSchema }),
  /** Whether there was more than is shown here; the events had all of it. */
  truncated: z.object({ stdout: z.boolean(), stderr: z.boolean(), results: z.boolean() }),
});
export type CellResult = z.infer<typeof CellResultSchema>;
