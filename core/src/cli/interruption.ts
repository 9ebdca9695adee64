/** Does something that SIGINT and SIGTERM abort; which of them came first is told beside the outcome. */
export async function callUntilSignal<T>(
  work: (signal: AbortSignal) => Promise<T>,
): Promise<{ readonly value: T; readonly interruptedBy: NodeJS.Signals | undefined }> {
  const abort = new AbortController();
  let interruptedBy: NodeJS.Signals | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    interruptedBy ??= signal;
    abort.abort();
  };
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    const value = await work(abort.signal);
    return { value, interruptedBy };
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}
