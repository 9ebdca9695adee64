export const defaults = {
  busyTimeoutMs: 10_000,
  maxDocumentBytes: 1024 * 1024,
  keepChanges: 100_000,
  keepChangesMs: 3_600_000,
};
