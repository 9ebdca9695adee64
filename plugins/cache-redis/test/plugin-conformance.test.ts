import { after, test } from 'node:test';
import { Cache } from '@soulbox/plugin-sdk';
import { bothWays, cacheSuite, lifecycleSuite, packageSuite, type PluginWay } from '@soulbox/plugin-sdk/conformance';
import plugin from '../src/index.ts';
import { noRedis, TestRedis } from './support/redis.ts';

const folder = new URL('../..', import.meta.url);
const redis = noRedis ? undefined : await TestRedis.start();
after(() => redis?.[Symbol.asyncDispose]());
let made = 0;

async function create(way: PluginWay, url: string) {
  // A busy machine may need longer than a host would wait.
  const settings = { url, secret: 'x'.repeat(32), prefix: `suite-${made++}:`, timeoutMs: 10_000 };
  const started = [await way.start({ cache: Cache }, { settings })];
  const share = async () => {
    const other = await way.start({ cache: Cache }, { settings });
    started.push(other);
    return other.cache;
  };
  const dispose = async () => {
    for (const each of started) await each.dispose();
  };
  return { cache: started[0]!.cache, share, dispose };
}

packageSuite({ folder });
bothWays(folder, (way) => {
  if (!redis) {
    test('cache-redis', { skip: noRedis });
    return;
  }
  lifecycleSuite({
    plugin,
    isolated: way.isolated,
    config: { url: redis.url, timeoutMs: 10_000 },
    badConfigs: {
      'a secret that is short': { secret: 'secret' },
      'another protocol': { url: 'http://127.0.0.1' },
      'a port that is none': { url: 'redis://127.0.0.1:70000' },
      'a database without a number': { url: 'redis://127.0.0.1/cache' },
      'no time at all': { timeoutMs: 0 },
      'a key that is unknown': { host: 'localhost' },
    },
  });
  cacheSuite({ name: 'cache-redis', create: () => create(way, redis.url) });
});
