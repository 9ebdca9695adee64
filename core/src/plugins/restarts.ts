import type { PluginRecord } from './record.ts';

const windowMs = 60_000;
const longestMs = 10_000;
const firstMs = 100;

/** How long to wait before a plugin whose process ended is started again, in milliseconds; `undefined`: not any more. */
export function nextRestart(record: PluginRecord, restarts: number, now: number = Date.now()): number | undefined {
  const recent = record.crashes.filter((at) => now - at < windowMs);
  record.crashes = [...recent, now];
  return recent.length < restarts ? Math.min(longestMs, firstMs * 2 ** recent.length) : undefined;
}
