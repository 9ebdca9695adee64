import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setVariables } from './variables.ts';

/** A package that a registry has. */
export interface Published {
  readonly archive: string;
  readonly packageJson: { readonly name: string; readonly version: string } & Readonly<Record<string, unknown>>;
  /** The integrity that the registry tells; by default the right one. */
  readonly integrity?: string;
}

export interface Registry extends AsyncDisposable {
  /** The paths that were asked for. */
  readonly asked: readonly string[];
  publish(name: string, ...versions: readonly Published[]): void;
}

/** A registry on this machine, which npm uses as long as it is there, with a cache of its own in `folder`. */
export async function npmRegistry(folder: string): Promise<Registry> {
  const packages = new Map<string, readonly Published[]>();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '').slice(1);
    asked.push(path);
    const [name = '', file] = path.split('/-/');
    const versions = packages.get(name);
    const chosen = versions?.find(({ packageJson }) => file === `${packageJson.version}.tgz`);
    const send = async () => {
      if (!versions || (file !== undefined && !chosen)) response.writeHead(404).end('{}');
      else if (chosen) response.end(await readFile(chosen.archive));
      else response.end(JSON.stringify(await packument(name, versions, `http://${request.headers.host}/${name}/-/`)));
    };
    void send();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const variables = setVariables({
    npm_config_registry: `http://127.0.0.1:${port}`,
    npm_config_cache: `${folder}/npm-cache`,
    npm_config_fetch_retries: '0',
  });
  return {
    asked,
    publish: (name, ...versions) => void packages.set(name, versions),
    [Symbol.asyncDispose]: async () => {
      variables[Symbol.dispose]();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function packument(name: string, versions: readonly Published[], at: string): Promise<object> {
  const described = versions.map(async ({ archive, packageJson, integrity }) => {
    const digest = createHash('sha512')
      .update(await readFile(archive))
      .digest('base64');
    const dist = { tarball: `${at}${packageJson.version}.tgz`, integrity: integrity ?? `sha512-${digest}` };
    return [packageJson.version, { ...packageJson, dist }] as const;
  });
  const latest = versions.at(-1)?.packageJson.version;
  return { name, 'dist-tags': { latest }, versions: Object.fromEntries(await Promise.all(described)) };
}
