import { SoulboxError, type Cache, type HealthStatus, type PluginContext } from '@soulbox/plugin-sdk';
import type { Config } from './config.ts';
import { isReply, type Link } from './link.ts';
import { sealBytes, type Seal } from './seal.ts';

interface RedisCacheParts {
  readonly link: Link;
  readonly seal: Seal;
  readonly prefix: string;
  readonly config: Config;
  readonly log: PluginContext['log'];
}

/** For how long nothing is set where Redis said that it takes nothing: it is full, or a replica. */
const restMs = 1_000;
const tellAgainMs = 60_000;

/** Values in Redis, which may be gone, slow, full or in wrong hands: then they are not there, and nobody waits. */
export class RedisCache implements Cache {
  private readonly parts: RedisCacheParts;
  /** Entries that were not what this deployment had put there. */
  private tampered = 0;
  private toldAt = -Infinity;
  /** Why it takes nothing, and since when. */
  private refusal: { readonly message: string; readonly at: number } | undefined;

  constructor(parts: RedisCacheParts) {
    this.parts = parts;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const { link, seal, config } = this.parts;
    const name = this.nameOf(key);
    let entry: Buffer;
    try {
      // No more than an entry may have, whatever lies there.
      entry = await link.call((client) => client.getrangeBuffer(name, 0, config.maxValueBytes + sealBytes));
    } catch (thrown) {
      if (isReply(thrown) && thrown.message.startsWith('WRONGTYPE')) this.tell(name);
      return undefined;
    }
    if (entry.length === 0) return undefined;
    const opened = seal.open(key, entry);
    if (!opened) {
      this.tell(name);
      return undefined;
    }
    return opened.until > now() ? Uint8Array.from(opened.value) : undefined;
  }

  async set(key: string, value: Uint8Array, ttlMs = Infinity): Promise<void> {
    const { link, seal, config } = this.parts;
    if (this.refusal && performance.now() - this.refusal.at < restMs) return;
    const keptMs = Math.max(1, Math.floor(Math.min(ttlMs, config.ttlMs)));
    const name = this.nameOf(key);
    try {
      if (value.byteLength > config.maxValueBytes) await link.call((client) => client.del(name));
      else {
        const entry = seal.close(key, value, now() + keptMs);
        await link.call((client) => client.set(name, entry, 'PX', keptMs));
      }
      this.refusal = undefined;
    } catch (thrown) {
      if (isReply(thrown)) this.refusal = { message: thrown.message, at: performance.now() };
    }
  }

  async delete(key: string): Promise<void> {
    try {
      await this.parts.link.call((client) => client.del(this.nameOf(key)));
    } catch (cause) {
      throw new SoulboxError('storage_failed', 'Redis did not delete an entry', { cause });
    }
  }

  /** Whether it is of use at the moment, and why not. */
  health(): HealthStatus {
    const { problem } = this.parts.link;
    const details = [
      ...(problem === null ? [] : [`Redis cannot be used: ${problem}`]),
      ...(this.refusal ? [`Redis takes nothing: ${this.refusal.message}`] : []),
      ...(this.tampered === 0 ? [] : [`${this.tampered} entries were not what had been put there`]),
    ];
    return details.length === 0 ? { status: 'up' } : { status: 'degraded', detail: details.join('; ') };
  }

  private nameOf(key: string): string {
    return this.parts.prefix + this.parts.seal.nameOf(key);
  }

  private tell(entry: string): void {
    this.tampered += 1;
    if (performance.now() - this.toldAt < tellAgainMs) return;
    this.toldAt = performance.now();
    this.parts.log.warn({ entry, tampered: this.tampered }, 'an entry in Redis is not what had been put there');
  }
}

/** By a clock that nobody sets while the host runs. */
function now(): number {
  return performance.timeOrigin + performance.now();
}
