import { isSoulboxError, SoulboxError, z, type OperationCall } from '@soulbox/plugin-sdk';
import { delay } from '../deadline.ts';

const measure = z.number().min(0).nullable();

/** What something uses; `null` where the host cannot tell. */
export const StatsSchema = z.object({
  /** When it was read, in milliseconds since the epoch. */
  at: z.number(),
  /** User and system time since it began. */
  cpuMs: measure,
  memoryBytes: measure,
  peakMemoryBytes: measure,
  /** Processes and threads alive. */
  processes: measure,
  readBytes: measure,
  writtenBytes: measure,
});

/** Of operations that tell of use, once or again and again. */
export const streamParams = {
  stream: z.boolean().optional(),
  /** Of a stream. Default: 1,000. */
  everyMs: z.int().min(100).max(60_000).optional(),
};
const usualPeriodMs = 1_000;

/** Tells once, or again and again; that ends, with what was told last, when what is looked at is gone. */
export async function tellUse<T>(
  look: () => Promise<T>,
  {
    stream = false,
    everyMs = usualPeriodMs,
  }: { readonly stream?: boolean | undefined; readonly everyMs?: number | undefined },
  { emit, signal }: Pick<OperationCall, 'emit' | 'signal'>,
): Promise<T> {
  let last = await look();
  while (stream) {
    await emit(last);
    await delay(everyMs, signal);
    if (signal.aborted) throw new SoulboxError('cancelled', 'the caller cancelled it');
    try {
      last = await look();
    } catch (thrown) {
      if (isSoulboxError(thrown) && thrown.code === 'not_found') return last;
      throw thrown;
    }
  }
  return last;
}
