import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SandboxStats } from '@soulbox/plugin-sdk';
import { containerStats, sumOfStats } from '../src/container-stats.ts';
import type { Engine } from '../src/engine.ts';

/** An engine that answers with one thing, checked as the real one checks it. */
function engineWith(answer: unknown): Engine {
  const ask: Engine['ask'] = async (schema) => schema.parse(answer);
  return { ask } as Engine;
}

const unknown = {
  cpuMs: null,
  memoryBytes: null,
  peakMemoryBytes: null,
  processes: null,
  readBytes: null,
  writtenBytes: null,
};

async function told(answer: unknown): Promise<Omit<SandboxStats, 'at'>> {
  const { at, ...rest } = await containerStats(engineWith(answer), 'x');
  assert.ok(at <= Date.now());
  return rest;
}

describe('what an engine counts of a container', () => {
  it('is told under our names, whichever version of cgroups it reads', async () => {
    const common = { cpu_stats: { cpu_usage: { total_usage: 2_500_000 } }, pids_stats: { current: 3 } };
    const io = [
      { op: 'read', value: 5 },
      { op: 'write', value: 7 },
      { op: 'read', value: 1 },
      { op: 'sync', value: 99 },
    ];
    const second = { ...common, memory_stats: { usage: 10 }, blkio_stats: { io_service_bytes_recursive: io } };
    assert.deepEqual(await told(second), {
      cpuMs: 2.5,
      memoryBytes: 10,
      peakMemoryBytes: null,
      processes: 3,
      readBytes: 6,
      writtenBytes: 7,
    });
    const named = io.map(({ op, value }) => ({ op: op[0]!.toUpperCase() + op.slice(1), value }));
    const first = {
      ...common,
      memory_stats: { usage: 10, max_usage: 12 },
      blkio_stats: { io_service_bytes_recursive: named },
    };
    const { peakMemoryBytes, readBytes, writtenBytes } = await told(first);
    assert.deepEqual([peakMemoryBytes, readBytes, writtenBytes], [12, 6, 7]);
  });

  it('is not known where the engine leaves it out', async () => {
    assert.deepEqual(await told({}), unknown);
    const empty = {
      cpu_stats: {},
      memory_stats: {},
      pids_stats: {},
      blkio_stats: { io_service_bytes_recursive: null },
    };
    assert.deepEqual(await told(empty), unknown);
  });

  it('is added up over containers, as far as all are known', () => {
    const one = {
      at: 1,
      cpuMs: 1,
      memoryBytes: 10,
      peakMemoryBytes: 20,
      processes: 1,
      readBytes: 0,
      writtenBytes: null,
    };
    const { at: _, ...alone } = sumOfStats([one]);
    const { at: __, ...expected } = one;
    assert.deepEqual(alone, expected);
    const { cpuMs, memoryBytes, peakMemoryBytes, readBytes, writtenBytes } = sumOfStats([
      one,
      { ...one, readBytes: 4 },
    ]);
    assert.deepEqual([cpuMs, memoryBytes, peakMemoryBytes, readBytes, writtenBytes], [2, 20, null, 4, null]);
    assert.equal(sumOfStats([]).cpuMs, 0);
  });
});
