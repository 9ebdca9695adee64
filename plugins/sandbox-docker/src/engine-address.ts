import { readFileSync } from 'node:fs';
import { SoulboxError } from '@soulbox/plugin-sdk';
import type { DockerOptions } from 'dockerode';

export interface EngineAddress {
  /** `unix:///path`, `npipe:////./pipe/name`, `tcp://name:port` or `https://name:port`. */
  readonly host: string;
  /** Paths of PEM files; with them the connection is TLS with both ends checked. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string } | undefined;
}

/** Every setting is given, so that no environment variable takes part. @throws config_invalid */
export function dockerOptions({ host, tls }: EngineAddress): DockerOptions {
  const none = { host: undefined, port: undefined, ca: undefined, cert: undefined, key: undefined, timeout: undefined };
  const socket = /^(?:unix|npipe):\/\/(.+)$/.exec(host)?.[1];
  if (socket !== undefined) return { ...none, socketPath: socket, protocol: 'http' };
  const url = new URL(host);
  const secure = tls !== undefined || url.protocol === 'https:';
  const port = Number(url.port) || (secure ? 2376 : 2375);
  const files = tls && { ca: read(tls.ca), cert: read(tls.cert), key: read(tls.key) };
  const options = { ...none, ...files, socketPath: undefined, host: url.hostname, port };
  return { ...options, protocol: secure ? 'https' : 'http' };
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new SoulboxError('config_invalid', `the TLS file ${path} cannot be read`, { cause });
  }
}
