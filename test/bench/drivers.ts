import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ExecutionResult } from '@soulbox/plugin-sdk';
import { connect } from '@soulbox/plugin-transport-websocket/client';
import { languageImage, startEngine, startHostOn } from '../support/docker/host.ts';
import { machineLanguages } from '../support/machine-languages.ts';
import { makeHome } from '../support/soulbox.ts';
import { findToolchains } from '../support/toolchains.ts';
import { compare, type Figures } from './compare.ts';

const run = promisify(execFile);

/**
 * One small program in a box that is ready, on each driver through a host of its own, beside the bare interpreter: this
 * machine's shell and Node.js, the same files everywhere.
 */
export async function benchDrivers(rounds: number): Promise<Record<string, Record<string, Figures>>> {
  const { commands, paths } = await findToolchains();
  const [node] = commands['.js']!;
  const programs = {
    shell: { executable: '/bin/sh', code: 'echo 42', bare: ['-c', 'echo 42'] },
    node: { executable: node!, code: 'console.log(42)', bare: ['-e', 'console.log(42)'] },
  };
  const engine = await startEngine();
  const ends: (() => Promise<unknown>)[] = [() => engine.stop()];
  const start = async (driver: string) => {
    const home = await makeHome();
    ends.push(async () => home[Symbol.asyncDispose]());
    const languages = await machineLanguages(join(home.folder, 'languages'), languageImage, {
      shell: { ending: '.sh', executable: '/bin/sh', paths: [], canary: 'echo 42' },
      node: { ending: '.js', executable: node!, paths: [...paths], canary: 'console.log(42)' },
    });
    const host = await startHostOn({
      home,
      engine,
      yaml: `sandbox: { driver: ${driver} }`,
      plugins: `  ${languages}`,
    });
    ends.push(() => host.end('SIGTERM'));
    const client = await connect({ url: host.url, key: host.key! });
    ends.push(async () => client.close());
    return async (language: string, code: string): Promise<void> => {
      const result = (await client.call('executions.create', { language, code })) as ExecutionResult;
      if (result.stdout !== '42\n') throw new Error(`${driver}: ${result.verdict} ${result.stderr}`);
    };
  };
  try {
    const [linux, docker] = [await start('linux'), await start('docker')];
    const figures: Record<string, Record<string, Figures>> = {};
    for (const [language, { executable, code, bare }] of Object.entries(programs)) {
      const cases = {
        'warm one-shot, linux': () => linux(language, code),
        'warm one-shot, docker': () => docker(language, code),
        'bare process': () => run(executable, bare),
      };
      figures[`drivers, ${language}`] = await compare(cases, rounds, 1);
    }
    return figures;
  } finally {
    for (const end of ends.toReversed()) await end();
  }
}
