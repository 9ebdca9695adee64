import { setImmediate as nextTurn } from 'node:timers/promises';
import { toSoulboxError, type Credentials, type Principal } from '@soulbox/plugin-sdk';
import type { Connection } from './connection.ts';

const checksAtOnce = 32;

/** Checks the keys of open connections again and again, so that a revoked one does not stay for as long as its socket. */
export class KeyChecks {
  private readonly connections: ReadonlySet<Connection>;
  private readonly authenticate: (credentials: Credentials) => Promise<Principal>;
  private readonly intervalMs: number;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    connections: ReadonlySet<Connection>,
    authenticate: (credentials: Credentials) => Promise<Principal>,
    intervalMs: number,
  ) {
    this.connections = connections;
    this.authenticate = authenticate;
    this.intervalMs = intervalMs;
  }

  start(): void {
    if (!this.stopped) this.timer = setTimeout(() => void this.sweep().finally(() => this.start()), this.intervalMs);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** Each key once, however many connections show it. */
  private async sweep(): Promise<void> {
    const holders = new Map<string, { credentials: Credentials; connections: Connection[] }>();
    for (const connection of this.connections) {
      const { credentials } = connection;
      if (!credentials) continue;
      const key = `${credentials.scheme} ${credentials.value}`;
      const known = holders.get(key);
      if (known) known.connections.push(connection);
      else holders.set(key, { credentials, connections: [connection] });
    }
    const checks = [...holders.values()];
    while (checks.length > 0) {
      const some = checks.splice(0, checksAtOnce);
      await Promise.all(some.map(({ credentials, connections }) => this.check(credentials, connections)));
      // Checking may be all computation; calls get their turn.
      await nextTurn();
    }
  }

  private async check(credentials: Credentials, connections: readonly Connection[]): Promise<void> {
    try {
      const principal = await this.authenticate(credentials);
      for (const connection of connections) connection.confirm(principal);
    } catch (thrown) {
      const error = toSoulboxError(thrown);
      for (const connection of connections) {
        if (error.code === 'unauthenticated') connection.expel('the key is no longer valid');
        else connection.suspend(error);
      }
    }
  }
}
