/** Makes a test function that gets something of its own and disposes of it, whatever happens. */
export function withResource<R extends { dispose(): Promise<void> }>(
  create: () => Promise<R>,
  body: (resource: R) => Promise<void>,
): () => Promise<void> {
  return async () => {
    const resource = await create();
    try {
      await body(resource);
    } finally {
      await resource.dispose();
    }
  };
}
