import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ExecutionResult } from '@soulbox/plugin-sdk';
import { connect } from '@soulbox/plugin-transport-websocket/client';
import { startEngine, startHostOn } from '../support/docker/host.ts';
import { findToolchains } from '../support/toolchains.ts';
import { compare, type Figures } from './compare.ts';

const run = promisify(execFile);
const code = 'print(42)';

/** One Python program in a box that is ready, on each driver through a host of its own, beside the bare interpreter. */
export async function benchDrivers(rounds: number): Promise<Record<string, Figures>> {
  const { commands } = await findToolchains();
  const [python, ...options] = commands['.py']!;
  const engine = await startEngine();
  const ends: (() => Promise<unknown>)[] = [() => engine.stop()];
  const warm = async (driver: string): Promise<() => Promise<void>> => {
    const host = await startHostOn({ engine, yaml: `sandbox: { driver: ${driver} }` });
    ends.push(
      async () => host.home[Symbol.asyncDispose](),
      () => host.end('SIGTERM'),
    );
    const client = await connect({ url: host.url, key: host.key! });
    ends.push(async () => client.close());
    return async () => {
      const result = (await client.call('executions.create', { language: 'python', code })) as ExecutionResult;
      if (result.stdout !== '42\n') throw new Error(`${driver}: ${result.verdict} ${result.stderr}`);
    };
  };
  try {
    const linux = await warm('linux');
    const docker = await warm('docker');
    const bare = () => run(python!, [...options, '-c', code]);
    const cases = { 'warm one-shot, linux': linux, 'warm one-shot, docker': docker, 'bare process': bare };
    return await compare(cases, rounds, 1);
  } finally {
    for (const end of ends.toReversed()) await end();
  }
}
