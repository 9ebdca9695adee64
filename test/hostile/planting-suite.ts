import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ExecutionResult, RemoteClient } from '@soulbox/plugin-sdk';
import { connect } from '@soulbox/plugin-transport-websocket/client';
import { randomFrom } from '../faults/random.ts';
import { startEngine, startHostOn } from '../support/docker/host.ts';
import type { DockerEngine } from '../support/docker/engine.ts';
import type { RunningHost } from '../support/running-host.ts';
import { root } from '../support/soulbox.ts';

const pairs = 200;
/** Of so many, one starts anew where others may take a program that waits. */
const coldEvery = 8;

interface Language {
  readonly name: string;
  readonly file: string;
  /** Read when the interpreter starts, so that one that has started already is of no use. */
  readonly cold: Readonly<Record<string, string>>;
}

export const languages: readonly Language[] = [
  { name: 'python', file: 'state.py', cold: { PYTHONPLANTED: '1' } },
  { name: 'javascript', file: 'state.js', cold: { NODE_PLANTED: '1' } },
];

/** Places outside the file system that not every machine and driver lets programs plant in. */
const walled = [
  'System V shared memory',
  'System V semaphore',
  'System V message queue',
  'locale',
  'processor affinity',
];

/** What a program saw. */
interface Look {
  readonly places: readonly string[];
  readonly found: readonly string[];
  /** Values that no two programs may share. */
  readonly fresh: Readonly<Record<string, unknown>>;
  /** What the same text is hashed to, where a language seeds that. */
  readonly hash?: number;
}

/** Each execution looks for what the one before it has planted, everywhere, and then plants it anew. */
export function plantingSuite(driver: 'linux' | 'docker', tried: readonly Language[]): void {
  let engine: DockerEngine | undefined;
  let host: RunningHost;
  let client: RemoteClient;

  before(async () => {
    if (driver === 'docker') engine = await startEngine();
    host = await startHostOn({ ...(engine ? { engine } : {}), yaml: `sandbox: { driver: ${driver} }` });
    client = await connect({ url: host.url, key: host.key! });
  });
  after(async () => {
    await client?.close();
    await host?.end('SIGTERM');
    await host?.home[Symbol.asyncDispose]();
    await engine?.stop();
  });

  const run = async (
    { name, file, cold }: Language,
    args: readonly string[],
    isCold: boolean,
  ): Promise<{ readonly looks: readonly Look[]; readonly start: string | undefined }> => {
    const code = await readFile(join(root, 'test/hostile/planting', file), 'utf8');
    const params = { language: name, code, args, ...(isCold ? { env: cold } : {}) };
    const result = (await client.call('executions.create', params)) as ExecutionResult;
    assert.equal(result.verdict, 'ok', JSON.stringify(result));
    const looks = result.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Look);
    return { looks, start: result.stages.at(-1)?.start };
  };

  for (const language of tried)
    describe(language.name, () => {
      it('a program finds again what it has planted itself', async (t) => {
        const { looks } = await run(language, ['look', 'plant', 'look'], false);
        const [first, second] = looks;
        assert.deepEqual(first?.found, []);
        const missed = second!.places.filter((name) => !second!.found.includes(name));
        t.diagnostic(
          `planted in ${second!.found.length} of ${second!.places.length} places, not in: ${missed.join(', ')}`,
        );
        assert.deepEqual(
          missed.filter((name) => !name.startsWith('file in ') && !walled.includes(name)),
          [],
        );
        for (const folder of ['.', '/tmp', '/dev/shm']) assert.ok(second!.found.includes(`file in ${folder}`), folder);
      });

      it(`the next execution never finds it, ${pairs} times`, async (t) => {
        const random = randomFrom(11);
        const starts: Record<string, number> = {};
        const fresh = new Set<string>();
        const hashes = new Set<number | undefined>();
        let values = 0;
        for (let n = 0; n <= pairs; n += 1) {
          const { looks, start } = await run(language, ['look', 'plant'], random() < 1 / coldEvery);
          assert.deepEqual(looks[0]?.found, [], `execution ${n}`);
          for (const [name, value] of Object.entries(looks[0].fresh)) {
            fresh.add(`${name} ${String(value)}`);
            values += 1;
          }
          hashes.add(looks[0].hash);
          starts[start ?? 'unknown'] = (starts[start ?? 'unknown'] ?? 0) + 1;
        }
        t.diagnostic(`${pairs} pairs, ${startsTold(starts)}, ${hashes.size} different hashes`);
        assert.equal(fresh.size, values, 'two executions drew the same random values');
      });
    });
}

const startsTold = (starts: Readonly<Record<string, number>>): string =>
  Object.entries(starts)
    .map(([start, count]) => `${count} executions with a ${start} start`)
    .join(', ');
