import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { PluginContext } from '@soulbox/plugin-sdk';
import { startProgram, type TestProgram } from '@soulbox/plugin-sdk/testing';
import { ConfigSchema, type Config } from '../../src/config.ts';
import { Link } from '../../src/link.ts';
import { RedisCache } from '../../src/redis-cache.ts';
import { Seal } from '../../src/seal.ts';

/** What to give as a test's `skip`. */
export const noRedis: false | string = (() => {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'needs redis-server: see test/support/components.sh';
  }
})();

/** A Redis of one test's own, on a socket in a folder of its own. */
export class TestRedis implements AsyncDisposable {
  readonly folder: string;
  private program: TestProgram | undefined;
  private readonly clients: Redis[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async start(...options: string[]): Promise<TestRedis> {
    const redis = new TestRedis(await mkdtemp(join(tmpdir(), 'soulbox-redis-')));
    await redis.startAgain(...options);
    return redis;
  }

  get socket(): string {
    return join(this.folder, 'redis.sock');
  }

  get url(): string {
    return `unix:${this.socket}`;
  }

  async startAgain(...options: string[]): Promise<void> {
    const own = ['--port', '0', '--unixsocket', this.socket, '--dir', this.folder, '--save', '', '--appendonly', 'no'];
    this.program = await startProgram(['redis-server', ...own, ...options], { ready: /ready to accept connections/i });
  }

  signal(signal: NodeJS.Signals): void {
    this.program?.signal(signal);
  }

  /** Ends the server, as a crash would. */
  async kill(): Promise<void> {
    await this.program?.stop();
  }

  /** A client of the test's own, as someone else who may write there has. */
  intruder(): Redis {
    const client = new Redis({ path: this.socket });
    this.clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.clients) client.disconnect();
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A cache as the plugin makes it. */
export async function openCache(url: string, given: Partial<Config> = {}) {
  const config = ConfigSchema.parse({ url, secret: 's'.repeat(32), prefix: 'test:', ...given });
  const link = new Link(config);
  const seal = new Seal(config.secret!);
  const told: object[] = [];
  const log = { warn: (fields: object) => void told.push(fields) } as unknown as PluginContext['log'];
  const cache = new RedisCache({ link, seal, prefix: config.prefix!, config, log });
  await link.open(2_000);
  return { cache, told, link, [Symbol.asyncDispose]: () => link.close() };
}

/** Resolves when `condition` holds; the test's own deadline ends a wait in vain. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}
