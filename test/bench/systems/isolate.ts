import { dirname } from 'node:path';
import { needs } from '../../support/needs.ts';
import { output } from './commands.ts';
import type { Resources } from './resources.ts';
import type { System } from './system.ts';

/** Low numbers are for others on this machine. */
const firstBox = 800;

/** Makes a box, runs a command in it, takes it away: what each execution needs that shares nothing with another. */
async function inBox(box: number, options: readonly string[], argv: readonly string[]): Promise<string> {
  const isolate = ['isolate', `--box-id=${box}`, '--silent'];
  await output([...isolate, '--init']);
  try {
    return await output([...isolate, ...options, '--run', '--', ...argv]);
  } finally {
    await output([...isolate, '--cleanup']);
  }
}

/** isolate of the IOI: namespaces and limits, as its command line gives them. */
export function isolate({ toolchains }: Resources): System {
  const [python] = toolchains.commands['.py']!;
  const prefix = dirname(dirname(python!));
  const options = prefix === '/usr' ? [] : [`--dir=${prefix}`];
  return {
    name: 'isolate',
    // Programs with threads need its cgroups, which are of version 2 alone.
    languages: ['python'],
    async available() {
      const missing = needs('isolate');
      if (missing) return missing;
      return inBox(firstBox, options, [python!, '-I', '-S', '-c', '']).then(
        () => null,
        (error: Error) => `it does not work here: ${error.message.split('\n').slice(1).join(' ').trim()}`,
      );
    },
    prepare: () => Promise.resolve(),
    version: async () => (await output(['isolate', '--version'])).split('\n')[0]!,
    run: ({ code }, client) => inBox(firstBox + client, options, [python!, '-I', '-S', '-c', code]),
    workers: () => ({ roots: [] }),
    close: () => Promise.resolve(),
  };
}
