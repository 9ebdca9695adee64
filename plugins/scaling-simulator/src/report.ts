import type { RunResult } from './run-operation.ts';

/** Columns of equal width, the first to the left and the others to the right. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)));
  return rows.map((row) => `${line(row).join('  ').trimEnd()}\n`).join('');
}

/** A simulation for people. */
export function report({ executions, from, to, results }: RunResult): string {
  const ms = (value: number) => value.toFixed(0);
  const rows = results.map(({ policy, cold, coldShare, waitMs, waitingMemory, memory }) => [
    policy,
    String(cold),
    `${(coldShare * 100).toFixed(2)} %`,
    ...[waitMs.p50, waitMs.p95, waitMs.p99].map(ms),
    waitingMemory.toFixed(0),
    memory.toFixed(0),
  ]);
  const head = ['POLICY', 'COLD', 'SHARE', 'P50 MS', 'P95 MS', 'P99 MS', 'WAITING MIB S', 'ALL MIB S'];
  return `${executions} executions from ${from} to ${to}\n${table([head, ...rows])}`;
}
