import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeHome, root, spawnSoulbox, type Home, type SoulboxProcess } from './soulbox.ts';

/** A host in a process of its own, started as a user starts it, on a port that was free. */
export interface RunningHost {
  readonly child: SoulboxProcess;
  readonly home: Home;
  readonly url: string;
  /** The key printed at the first start; `undefined` at later ones. */
  readonly key: string | undefined;
  /** Everything it printed so far. */
  output(): string;
  /** Ends it by a signal and resolves with its exit code, or `null` when the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

export interface StartOptions {
  /** Kept, with its data, when given; otherwise the caller gets a new one. */
  readonly home?: Home;
  /** More of the configuration file, as YAML at the top level. */
  readonly yaml?: string;
  /** More under `plugins`, as indented YAML. */
  readonly plugins?: string;
  /** Default: those that need no compiler, since each start tries every language. Those that `plugins` names stay. */
  readonly languages?: 'all' | 'usual';
}

const usualLanguages = ['python', 'javascript', 'typescript'];

/** The plugins of languages that a test has no use for. */
function otherLanguages(plugins: string): string[] {
  const all = readdirSync(join(root, 'plugins')).filter((name) => name.startsWith('language-'));
  const used = usualLanguages.map((name) => `language-${name}`);
  return all.filter((name) => !used.includes(name) && !plugins.includes(`${name}:`));
}

function configFile({ yaml = '', plugins = '', languages = 'usual' }: StartOptions): string {
  const left = languages === 'all' ? [] : otherLanguages(plugins).map((name) => `  ${name}: false\n`);
  return `${yaml}\nplugins:\n  transport-websocket: { config: { port: 0 } }\n${left.join('')}${plugins}\n`;
}

/** Starts a host and waits until it says that it is ready. @throws with everything it printed when it ends before. */
export async function startHost(options: StartOptions = {}): Promise<RunningHost> {
  if (options.home) return boot(options.home, options);
  const home = await makeHome();
  try {
    return await boot(home, options);
  } catch (error) {
    await home[Symbol.asyncDispose]();
    throw error;
  }
}

async function boot(home: Home, options: StartOptions): Promise<RunningHost> {
  const file = join(home.folder, 'soulbox.yaml');
  await writeFile(file, configFile(options));
  const child = spawnSoulbox(home, ['start', '--config', file]);
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (printed += data.toString('utf8')));
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  while (!/^ready after/m.test(printed)) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`the host ended before it was ready:\n${printed}`);
    await sleep(20);
  }
  const url = /listening on (\S+)/.exec(printed)?.[1];
  if (url === undefined) throw new Error(`the host names no address:\n${printed}`);
  const key = /^\s+(sbx_\S+)$/m.exec(printed)?.[1];
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return exited;
  };
  return { child, home, url, key, output: () => printed, end };
}
