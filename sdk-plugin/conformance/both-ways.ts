import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SoulboxError, z, type AnyToken, type Isolation, type Token } from '@soulbox/plugin-sdk';
import { createTestHost, type TestHost, type TestHostOptions } from '../testing/test-host.ts';
import { wayVariable } from './way-variable.ts';

/** What a plugin is started with, besides where it runs. */
export interface StartOptions extends Omit<TestHostOptions, 'without'> {
  /** Its settings. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

type Services<S> = { readonly [N in keyof S]: S[N] extends Token<infer T> ? T : never };

/** A running plugin with its services, as suites take it for a fixture. */
export type Started<S> = Services<S> & { readonly host: TestHost; readonly dispose: () => Promise<void> };

/** One way to run a plugin's package: in the process of the host, or in one of its own. */
export interface PluginWay {
  /** The name for people: `inline`, or `isolated`. */
  readonly label: string;
  readonly isolation: Isolation;
  /** The id under which hosts of {@link start} run it: that of its package.json. */
  readonly id: string;
  /** The plugin's folder where it is isolated, as `lifecycleSuite` wants it. */
  readonly isolated: URL | undefined;
  /**
   * Starts a host with the plugin and gives the services that it provides, by the names asked for.
   * @throws why the plugin does not provide them; nothing is left then.
   */
  start<const S extends Readonly<Record<string, AnyToken>>>(services: S, options?: StartOptions): Promise<Started<S>>;
}

const ManifestSchema = z.object({
  soulbox: z.object({ id: z.string(), isolation: z.array(z.enum(['inline', 'process'])).default(['inline']) }),
});

const labels: Readonly<Record<Isolation, string>> = { inline: 'inline', process: 'isolated' };

/**
 * Registers the same suites for each way to run a plugin, with the plugin taken from its package as it is after a
 * build. A way that the manifest does not allow is skipped and says so.
 */
export function bothWays(folder: URL, register: (way: PluginWay) => void | Promise<void>): void {
  const { soulbox } = ManifestSchema.parse(JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')));
  const wanted = process.env[wayVariable];
  for (const isolation of ['inline', 'process'] as const) {
    const label = labels[isolation];
    if (wanted !== undefined && wanted !== isolation) continue;
    if (soulbox.isolation.includes(isolation))
      describe(label, () => register(new PackagedWay(isolation, soulbox.id, folder)));
    else test(label, { skip: `the manifest allows only ${soulbox.isolation.join()}` });
  }
}

class PackagedWay implements PluginWay {
  readonly label: string;
  readonly isolation: Isolation;
  readonly id: string;
  readonly isolated: URL | undefined;
  private readonly folder: string;

  constructor(isolation: Isolation, id: string, folder: URL) {
    this.label = labels[isolation];
    this.isolation = isolation;
    this.id = id;
    this.isolated = isolation === 'process' ? folder : undefined;
    this.folder = fileURLToPath(folder);
  }

  async start<const S extends Readonly<Record<string, AnyToken>>>(
    services: S,
    { settings = {}, plugins, ...options }: StartOptions = {},
  ): Promise<Started<S>> {
    const { id, folder, isolation } = this;
    const host = await createTestHost({
      ...options,
      plugins: { ...plugins, [id]: { folder, isolation, config: settings } },
      without: Object.values(services).map((token) => token.id),
    });
    const dispose = () => host.stop();
    try {
      const found = Object.entries(services).map(([name, token]) => [name, this.serviceOf(host, token)] as const);
      return { ...Object.fromEntries(found), host, dispose } as unknown as Started<S>;
    } catch (thrown) {
      await dispose();
      throw thrown;
    }
  }

  /** Of several services under one token, the plugin's own. */
  private serviceOf({ host, service }: TestHost, token: AnyToken): unknown {
    const { services, plugins } = host;
    const names = token.kind === 'one' ? [undefined] : [...services.all(token).keys()];
    const own = names.find((name) => services.owner(token, name) === this.id);
    const found = token.kind === 'one' || own !== undefined ? service(token, own) : undefined;
    if (found !== undefined) return found;
    const record = plugins.find(({ id }) => id === this.id);
    throw (
      record?.error ??
      new SoulboxError('capability_missing', `plugin ${this.id} is ${record?.state} and provides no ${token.id}`)
    );
  }
}
