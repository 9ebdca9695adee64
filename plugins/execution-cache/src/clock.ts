/** Milliseconds since the epoch by a clock that nobody sets while the host runs: a jump of the system's ages nothing. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
