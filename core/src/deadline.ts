/** Waits for `work` at most `ms` milliseconds; then rejects with what `late` makes. The work itself goes on unheard. */
export function withDeadline<T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), ms);
    passOn(work, resolve, reject, () => clearTimeout(timer));
  });
}

/** Settles another promise as `work` is settled: a race of promises costs several times as much. */
function passOn<T>(
  work: Promise<T>,
  resolve: (value: T) => void,
  reject: (reason: Error) => void,
  first: () => void,
): void {
  work.then(
    (value): void => {
      first();
      return resolve(value);
    },
    (reason: Error): void => {
      first();
      return reject(reason);
    },
  );
}

/** Waits for `work` until `signal` aborts, and resolves with `undefined` then. The work itself goes on unheard. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const onAbort = () => resolve(undefined);
    signal.addEventListener('abort', onAbort, { once: true });
    passOn<T>(work, resolve, reject, () => signal.removeEventListener('abort', onAbort));
  });
}

/** Resolves after `ms` milliseconds, or as soon as `signal` aborts. */
export async function delay(ms: number, signal: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const elapsed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await unlessAborted(elapsed, signal);
  clearTimeout(timer);
}
