import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTestHost, type TestHost, type TestHostOptions } from '@soulbox/plugin-sdk/testing';
import { writePackage } from './plugin-package.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface IsolatedPluginOptions {
  /** The body of the definition: `setup(context) { … }`, with the SDK's exports at hand as `sdk`. */
  readonly body: string;
  /** Code before the definition. */
  readonly head?: string;
  readonly permissions?: Readonly<Record<string, unknown>>;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly host?: Readonly<Record<string, unknown>>;
  readonly isolation?: 'inline' | 'process';
  readonly plugins?: TestHostOptions['plugins'];
}

/** The plugin `stranger` in a real host, by default in a process of its own. */
export interface StrangerHost extends AsyncDisposable {
  readonly host: TestHost;
  readonly folder: string;
  /** Overwrites its module. */
  rewrite(body: string): Promise<void>;
}

const sdk = dirname(fileURLToPath(import.meta.resolve('@soulbox/plugin-sdk/package.json')));

function moduleText(head: string, body: string): string {
  return `import * as sdk from '@soulbox/plugin-sdk';\n${head}\nexport default sdk.definePlugin({ id: 'stranger', ${body} });\n`;
}

export async function strangerHost(options: IsolatedPluginOptions): Promise<StrangerHost> {
  const { body, head = '', permissions = { hooks: ['*'], operations: ['*'] }, isolation = 'process' } = options;
  const temporary = await temporaryFolder();
  await mkdir(join(temporary.path, 'node_modules/@soulbox'), { recursive: true });
  await symlink(sdk, join(temporary.path, 'node_modules/@soulbox/plugin-sdk'));
  const folder = await writePackage(temporary, 'stranger', {
    id: 'stranger',
    code: moduleText(head, body),
    packageJson: { soulbox: { id: 'stranger', isolation: ['inline', 'process'], permissions } },
  });
  const rewrite = async (next: string) => {
    await temporary.write('stranger/index.js', moduleText(head, next));
  };
  try {
    const host = await createTestHost({
      plugins: { ...options.plugins, stranger: { folder, isolation, config: options.config ?? {} } },
      config: { host: { pluginStartMs: 60_000, pluginStopMs: 10_000, ...options.host } },
    });
    const dispose = async () => {
      await host.stop();
      await temporary[Symbol.asyncDispose]();
    };
    return { host, folder, rewrite, [Symbol.asyncDispose]: dispose };
  } catch (thrown) {
    await temporary[Symbol.asyncDispose]();
    throw thrown;
  }
}

/** Waits until something holds. @throws after a minute, which nothing that comes to pass takes even on a busy machine */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const since = performance.now(); performance.now() - since < 60_000;) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`never came to pass: ${what}`);
}

/** Whether a process is there and not only waits to be forgotten. */
export function processLives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
