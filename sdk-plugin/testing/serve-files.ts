import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ServedFiles extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
}

/**
 * Serves files over HTTP on a free port of this machine, in the place of a package registry.
 * @param files by their paths, which begin with a slash; made when the address is known, since some name it
 */
export async function serveFiles(
  files: (url: string) => Readonly<Record<string, string | Uint8Array>>,
): Promise<ServedFiles> {
  const server = createServer((request, response) => {
    const content = served[new URL(request.url ?? '', url).pathname];
    response.statusCode = content === undefined ? 404 : 200;
    if (typeof content === 'string')
      response.setHeader('content-type', content.startsWith('{') ? 'application/json' : 'text/html');
    response.end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const served = files(url);
  return {
    url,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
