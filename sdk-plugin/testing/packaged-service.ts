import { fileURLToPath } from 'node:url';
import { SoulboxError, type AnyToken, type Isolation } from '../src/index.ts';
import { createTestHost, type TestHost, type TestHostOptions } from './test-host.ts';

export interface PackagedServiceOptions<T> {
  /** The folder of the plugin's package.json, built. */
  readonly folder: URL;
  readonly isolation: Isolation;
  /** What the plugin provides, and under which name where that is needed. */
  readonly token: AnyToken & { readonly type?: T };
  readonly name?: string;
  readonly config?: Readonly<Record<string, unknown>>;
  /** Other plugins that it needs, by their ids. */
  readonly plugins?: NonNullable<TestHostOptions['plugins']>;
}

/** A service as its plugin provides it in a host, inline or out of a process of its own. */
export interface PackagedService<T> {
  readonly service: T;
  readonly host: TestHost;
  dispose(): Promise<void>;
}

/** Starts a host with a packaged plugin. @throws why the plugin does not provide the service; nothing is left then. */
export async function packagedService<T>(options: PackagedServiceOptions<T>): Promise<PackagedService<T>> {
  const { folder, isolation, token, name, config = {}, plugins } = options;
  const subject = { folder: fileURLToPath(folder), isolation, config };
  const host = await createTestHost({ plugins: { ...plugins, subject }, without: [token.id] });
  const service = host.service<T>(token, name);
  if (service !== undefined) return { service, host, dispose: () => host.stop() };
  const record = host.host.plugins.find(({ id }) => id === 'subject');
  await host.stop();
  throw (
    record?.error ?? new SoulboxError('capability_missing', `the plugin does not provide ${token.id} ${name ?? ''}`)
  );
}
