import { ExecutionResultSchema, z, type ExecutionRequest, type ExecutionResult } from '@soulbox/plugin-sdk';

const EntrySchema = z.object({
  /** Of what it answers: a cache that mixes up its keys must not mix up results. */
  key: z.string(),
  /** When it was put there first, in milliseconds since the epoch. */
  at: z.number(),
  result: ExecutionResultSchema.pick({
    verdict: true,
    exitCode: true,
    signal: true,
    stdout: true,
    stderr: true,
    encoding: true,
    truncated: true,
    usage: true,
    stages: true,
    language: true,
  }),
});

/** What a cache holds of an execution: how it ended, and nothing of whose it was. */
export type Entry = z.infer<typeof EntrySchema>;

export function encode(entry: Entry): Uint8Array {
  return Buffer.from(JSON.stringify(EntrySchema.parse(entry)));
}

/** The entry in what a cache answered with; `undefined` for anything else. */
export function decode(bytes: Uint8Array, key: string): Entry | undefined {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
  const { data } = EntrySchema.safeParse(json);
  return data?.key === key ? data : undefined;
}

/** The result as an answer to a request. */
export function answer({ result }: Entry, { id }: ExecutionRequest, layer: string, ageMs: number): ExecutionResult {
  const at = new Date().toISOString();
  return {
    ...result,
    id,
    status: 'settled',
    sandbox: null,
    enforced: null,
    cache: { hit: true, layer, ageMs },
    error: null,
    labels: {},
    createdAt: at,
    startedAt: null,
    settledAt: at,
  };
}
