import type { ExecutionParams, ExecutionResult, RemoteClient } from '@soulbox/plugin-sdk';
import { connect } from '@soulbox/plugin-transport-websocket/client';
import { startHost, type RunningHost, type StartOptions } from '../../support/running-host.ts';

/** One running host and its clients, each on a connection of its own, with a key, as users have them. */
export class BenchHost {
  readonly host: RunningHost;
  private readonly clients: readonly RemoteClient[];

  private constructor(host: RunningHost, clients: readonly RemoteClient[]) {
    this.host = host;
    this.clients = clients;
  }

  static async start(options: StartOptions, clients: number): Promise<BenchHost> {
    const host = await startHost(options);
    const connected = await Promise.all(
      Array.from({ length: clients }, () => connect({ url: host.url, key: host.key! })),
    );
    return new BenchHost(host, connected);
  }

  get pid(): number {
    return this.host.child.pid!;
  }

  async create(params: ExecutionParams, client: number): Promise<ExecutionResult> {
    return (await this.clients[client % this.clients.length]!.call('executions.create', params)) as ExecutionResult;
  }

  async call(operation: string, params: unknown): Promise<unknown> {
    return this.clients[0]!.call(operation, params);
  }

  async stop(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()));
    await this.host.end('SIGTERM');
    await this.host.home[Symbol.asyncDispose]();
  }
}
