import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { ScalingTrials, type PluginCommandContext, type PoolDemand, type RemoteClient } from '@soulbox/plugin-sdk';
import command from '../src/command.ts';
import { CostsSchema } from '../src/costs.ts';
import type { SimulationOptions } from '../src/simulation.ts';

/** A policy of a plugin that always wants one more than without it, and counts the boxes that are gone. */
export function onePlus() {
  const seen = { gone: 0, deciders: 0 };
  const more = ({ want, ...demand }: PoolDemand) => ({ ...demand, want: want + 1 });
  const trials = new ScalingTrials(() => {
    seen.deciders += 1;
    return { boxes: more, programs: more, gone: () => void (seen.gone += 1) };
  });
  return { trials, seen };
}

export function options(over: Partial<SimulationOptions> = {}): SimulationOptions {
  const costs = CostsSchema.parse({
    box: { startMs: 100, bytes: 2 ** 20 },
    program: { startMs: 50, bytes: 2 ** 20 },
    languages: {},
  });
  return { costs, policies: new Map(), ...over };
}

/** Calls the command of the plugin against a host that answers as told. */
export async function callCommand(
  args: readonly string[],
  {
    call = async () => ({}),
    stdin = '',
    json = false,
  }: { call?: RemoteClient['call']; stdin?: string; json?: boolean } = {},
): Promise<{ code: number; stdout: string }> {
  const stdout = new PassThrough();
  const context: PluginCommandContext = {
    terminal: { stdin: Readable.from([stdin]), stdout, stderr: new PassThrough() },
    json,
    connect: async () => ({
      call,
      stream: () => {
        throw new Error('nothing streams');
      },
      close: async () => {},
    }),
  };
  const reading = text(stdout);
  try {
    const code = await command.run(args, context);
    stdout.end();
    return { code, stdout: await reading };
  } finally {
    stdout.end();
  }
}
