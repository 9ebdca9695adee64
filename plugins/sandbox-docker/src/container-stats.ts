import { z, type SandboxStats } from '@soulbox/plugin-sdk';
import type { Engine } from './engine.ts';

const count = z.number().min(0);
const Io = z.array(z.object({ op: z.string(), value: count })).nullish();

/** What is not counted on this host is left out by the engine. */
const StatsSchema = z.object({
  cpu_stats: z.object({ cpu_usage: z.object({ total_usage: count }).optional() }).optional(),
  memory_stats: z.object({ usage: count.optional(), max_usage: count.optional() }).optional(),
  pids_stats: z.object({ current: count.optional() }).optional(),
  blkio_stats: z.object({ io_service_bytes_recursive: Io }).optional(),
});

function sum(io: z.infer<typeof Io>, operation: string): number | null {
  return io ? io.reduce((all, { op, value }) => (op.toLowerCase() === operation ? all + value : all), 0) : null;
}

/** What the engine counts of a whole container. @throws as {@link Engine.ask} */
export async function containerStats(engine: Engine, id: string): Promise<SandboxStats> {
  const stats = await engine.ask(StatsSchema, 'tell what a container uses', (docker, abortSignal) =>
    docker.getContainer(id).stats({ stream: false, 'one-shot': true, abortSignal } as { stream: false }),
  );
  const nanoseconds = stats.cpu_stats?.cpu_usage?.total_usage;
  const io = stats.blkio_stats?.io_service_bytes_recursive;
  return {
    at: Date.now(),
    cpuMs: nanoseconds === undefined ? null : nanoseconds / 1e6,
    memoryBytes: stats.memory_stats?.usage ?? null,
    peakMemoryBytes: stats.memory_stats?.max_usage ?? null,
    processes: stats.pids_stats?.current ?? null,
    readBytes: sum(io, 'read'),
    writtenBytes: sum(io, 'write'),
  };
}

/** Several containers together; what one of them does not tell is not known. Their peaks need not have come at one time. */
export function sumOfStats(all: readonly SandboxStats[]): SandboxStats {
  const together = (measure: keyof SandboxStats): number | null =>
    all.reduce<number | null>((total, stats) => {
      const value = stats[measure];
      return total === null || value === null ? null : total + value;
    }, 0);
  return {
    at: Date.now(),
    cpuMs: together('cpuMs'),
    memoryBytes: together('memoryBytes'),
    peakMemoryBytes: all.length === 1 ? all[0]!.peakMemoryBytes : null,
    processes: together('processes'),
    readBytes: together('readBytes'),
    writtenBytes: together('writtenBytes'),
  };
}
