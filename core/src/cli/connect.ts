import { randomUUID } from 'node:crypto';
import {
  SoulboxError,
  type ConnectRemote,
  type Principal,
  type RemoteClient,
  type StreamItem,
} from '@soulbox/plugin-sdk';
import { loadConfig, type LoadedConfig } from '../config/load.ts';
import { Host } from '../host.ts';
import { makeLog } from '../log.ts';
import { locatePackage, verifiedPackage } from '../packages/locate.ts';
import { importExport } from '../plugins/resolve.ts';
import type { CommandContext } from './command.ts';

/** Options that every command that talks to a host takes. */
export const hostOptions = {
  config: { type: 'string' },
  url: { type: 'string' },
  key: { type: 'string' },
  json: { type: 'boolean' },
} as const;

export interface HostChoice {
  readonly config?: string | undefined;
  readonly url?: string | undefined;
  readonly key?: string | undefined;
}

export const defaultUrl = 'ws://127.0.0.1:7070/rpc';

/** Whoever may run a host on this machine may do everything in it. */
const localPrincipal: Principal = Object.freeze({ id: 'local', tenant: 'default', roles: ['admin'], scopes: ['*'] });

export function readConfig(choice: HostChoice, context: CommandContext): Promise<LoadedConfig> {
  return loadConfig({ file: choice.config ?? process.env['SOULBOX_CONFIG'], defaults: context.defaultConfig });
}

/** A client for the URL's scheme, out of whichever configured plugin has one. */
async function connectRemote(loaded: LoadedConfig, url: string, key: string): Promise<RemoteClient> {
  const scheme = URL.canParse(url) ? new URL(url).protocol.slice(0, -1) : '';
  for (const [id, entry] of Object.entries(loaded.config.plugins)) {
    if (entry === false) continue;
    const client = (await locatePackage(id, entry, loaded).catch(() => undefined))?.manifest.soulbox.client;
    if (!client?.schemes.includes(scheme)) continue;
    const found = await verifiedPackage(id, entry, loaded);
    const module = (await importExport(found, client.export)) as { connect: ConnectRemote };
    return module.connect({ url, key });
  }
  throw new SoulboxError('unsupported', `no configured plugin has a client for "${url}"`);
}

/** A host for one command, which listens nowhere. The command itself tells what goes wrong, so the log keeps still. */
export async function bootOnce(loaded: LoadedConfig): Promise<Host> {
  const { config } = loaded;
  // A spare box would be made and taken away again for nobody.
  const once = { ...loaded, config: { ...config, sandbox: { ...config.sandbox, ready: 0 } } };
  const host = new Host({ config: once, listen: false, log: makeLog('fatal', loaded.secrets) });
  await host.start();
  return host;
}

/** The host of this process as a client sees it. */
class LocalClient implements RemoteClient {
  private readonly host: Host;

  constructor(host: Host) {
    this.host = host;
  }

  call(operation: string, params: unknown, options: { signal?: AbortSignal } = {}): Promise<unknown> {
    return this.host.api.call(operation, params, this.options(options));
  }

  stream(operation: string, params: unknown, options: { signal?: AbortSignal } = {}): AsyncIterable<StreamItem> {
    return this.host.api.stream(operation, params, this.options(options));
  }

  private options({ signal }: { signal?: AbortSignal }) {
    return { principal: localPrincipal, requestId: randomUUID(), signal: signal ?? new AbortController().signal };
  }

  close(): Promise<void> {
    return this.host.stop('the command is done');
  }
}

/** Whether a client speaks to a host that was booted for this one command. */
export function isOwnHost(client: RemoteClient): boolean {
  return client instanceof LocalClient;
}

/**
 * A running host where a URL or a key names one (`--url`, `--key`, SOULBOX_URL, SOULBOX_KEY), otherwise one booted in
 * this process, which listens nowhere.
 */
export async function connect(choice: HostChoice, context: CommandContext): Promise<RemoteClient> {
  const loaded = await readConfig(choice, context);
  const url = choice.url ?? process.env['SOULBOX_URL'];
  const key = choice.key ?? process.env['SOULBOX_KEY'];
  if (url !== undefined || key !== undefined) return connectRemote(loaded, url ?? defaultUrl, key ?? '');
  return new LocalClient(await bootOnce(loaded));
}
