import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { RemoteClient } from '@soulbox/plugin-sdk';
import { main } from '../../src/cli/main.ts';

const sdk = JSON.stringify(import.meta.resolve('@soulbox/plugin-sdk'));
const testing = JSON.stringify(import.meta.resolve('@soulbox/plugin-sdk/testing'));

/** Packages of plugins, as they would be installed: a module, and what its package.json adds. */
const packages: Readonly<Record<string, { code: string; soulbox?: object; exports?: object; files?: object }>> = {
  sandbox: {
    code: `import { ScriptedDriver, scriptedSandbox } from ${testing};
      const driver = new ScriptedDriver();
      if (process.env.NO_SANDBOX) driver.report = { ...driver.report, available: false, reason: 'no namespaces here' };
      if (process.env.ADVICE) driver.report = { ...driver.report, advice: ['delegate a cgroup'] };
      if (process.env.WEAK) driver.report.enforced = { ...driver.report.enforced, level: 'weak', seccomp: 'none' };
      export default scriptedSandbox(driver);`,
    soulbox: { id: 'scripted-sandbox' },
  },
  store: {
    code: `import { definePlugin, Store } from ${sdk};
      import { MemoryStore } from ${testing};
      export default definePlugin({
        id: 'store', provides: [Store], setup: (context) => context.provide(Store, new MemoryStore()),
      });`,
  },
  wire: {
    code: `import { AuthProvider, definePlugin, Transport } from ${sdk};
      export default definePlugin({ id: 'wire', provides: [AuthProvider, Transport], setup(context) {
        context.provide(Transport, { listen: async () => ({ url: 'test://here' }), close: async () => {} }, 'wire');
        context.provide(AuthProvider, {
          describe: async () => ({ schemes: [] }), verify: async () => undefined,
          bootstrap: async () => process.env.FIRST ? { label: 'admin key', secret: 'sbx_first' } : undefined,
        }, 'wire');
      } });`,
    soulbox: { id: 'wire', client: { schemes: ['test'], export: './client' } },
    exports: { '.': './index.mjs', './client': './client.mjs' },
    files: {
      'client.mjs': `export const connect = async ({ url, key }) => {
        const open = globalThis[Symbol.for('soulbox/test-wire')];
        return open(url, key);
      };`,
    },
  },
  tools: {
    code: `import { defineOperation, definePlugin, z } from ${sdk};
      const operation = (name, params) => defineOperation({
        name, params, summary: 'For tests.', result: z.record(z.string(), z.unknown()), permission: 'tools:use',
        owner: { kind: 'host' }, effect: 'read', errors: [],
      });
      export default definePlugin({ id: 'tools', setup(context) {
        context.operation(operation('tools.echo', z.strictObject({
          word: z.string().optional(), howMany: z.int().optional(), ratio: z.number().optional(),
          tags: z.array(z.string()).optional(), loud: z.boolean().optional(), extra: z.record(z.string(), z.unknown()).optional(),
        })), async (given) => ({ given }));
        context.operation(operation('tools.rows', z.strictObject({})), async () => ({ rows: [
          { name: 'a', size: 1, nested: {}, missing: null }, { name: 'long name', size: 20, nested: {}, missing: 'x' },
        ] }));
        context.operation(operation('tools.empty', z.strictObject({})), async () => ({ rows: [] }));
        const count = { ...operation('tools.count', z.strictObject({ to: z.int() })), event: z.object({}) };
        context.operation(count, async ({ to }, { emit }) => {
          for (let at = 1; at <= to; at += 1) await emit({ at, of: null, text: 'step\\u001b[2J\\r' + at });
          await emit({ rows: [{ name: 'a\\u0007b', size: 1 }] });
          return { counted: to };
        });
        context.operation(operation('tools.facts', z.strictObject({})), async () => ({ kind: 'x', none: null, list: { a: 1 } }));
      } });`,
  },
  languages: {
    code: `import { definePlugin, LanguageRuntime, SoulboxError } from ${sdk};
      const language = (name, change) => ({
        describe: async () => ({ name, aliases: [], extensions: [], version: '1', available: true, reason: null, paths: [],
          canary: { code: 'out right', stdout: 'wrong\\n' }, ...change }),
        plan: async ({ files }) => ({ ok: true, files: files.map((file) => ({ ...file, path: 'x' })),
          stages: [{ name: 'run', argv: ['/x'], env: {} }] }),
      });
      export default definePlugin({ id: 'languages', provides: [LanguageRuntime], setup(context) {
        context.provide(LanguageRuntime, language('lying', {}), 'lying');
        const busy = async () => { throw new SoulboxError(process.env.BUSY ? 'overloaded' : 'plugin_failed', 'no plan'); };
        context.provide(LanguageRuntime, { ...language('planless', {}), plan: busy }, 'planless');
        context.provide(LanguageRuntime, language('missing', { available: false, version: '', reason: 'install it' }), 'missing');
      } });`,
  },
  thrower: {
    code: `import { definePlugin } from ${sdk};
      export default definePlugin({ id: 'thrower', setup() {
        if (process.env.THROW_LATER) setTimeout(() => { throw new Error('out of a timer'); }, 50);
        if (process.env.REJECT_LATER) setTimeout(() => { Promise.reject(new Error('unheard')); }, 50);
      } });`,
  },
  // Begins an execution that lasts, and hears only of the draining.
  worker: {
    code: `import { Api, definePlugin } from ${sdk};
      export default definePlugin({ id: 'worker', requires: { api: Api }, setup(context, { api }) {
        context.hooks.tap('host.ready', () => {
          const principal = { id: 'worker', tenant: 'worker', roles: [], scopes: ['*'] };
          const options = { principal, requestId: 'r', signal: new AbortController().signal };
          void api.call('executions.create', { language: 'script', code: 'sleep 100000' }, options).catch(() => {});
        });
      } });`,
  },
  reporter: {
    code: `import { definePlugin } from ${sdk};
      export default definePlugin({ id: 'reporter', setup(context) {
        context.hooks.tap('plugin.changed', ({ plugin, to }) => void process.stdout.write(plugin + ' ' + to + '\\n'));
      } });`,
  },
  broken: {
    code: `import { definePlugin, z } from ${sdk};
      export default definePlugin({ id: 'broken', config: z.strictObject({ port: z.int() }), setup() { throw new Error('bad wiring'); } });`,
  },
};

export interface Home extends AsyncDisposable {
  readonly folder: string;
  readonly config: string;
  /** Writes a file and returns its path. */
  file(name: string, content: string | Uint8Array): Promise<string>;
}

/** A folder with plugins' packages and a configuration that names some of them. `settings` go to the top level. */
export async function makeHome(
  plugins: readonly string[],
  settings: Readonly<Record<string, unknown>> = {},
): Promise<Home> {
  const folder = await mkdtemp(join(tmpdir(), 'soulbox-cli-'));
  const file = async (name: string, content: string | Uint8Array) => {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    return path;
  };
  for (const [name, { code, soulbox: own = { id: name }, exports = './index.mjs', files = {} }] of Object.entries(
    packages,
  )) {
    const permissions = { hooks: ['*'], operations: ['*'] };
    const packageJson = {
      name,
      version: '1.2.3',
      engines: { soulbox: '^1.0.0' },
      soulbox: { permissions, ...own },
      exports,
    };
    await file(`${name}/package.json`, JSON.stringify(packageJson));
    await file(`${name}/index.mjs`, code);
    for (const [path, content] of Object.entries(files)) await file(`${name}/${path}`, String(content));
  }
  const entries = plugins.map((name) => [name, { package: `./${name}` }]);
  const given = settings['plugins'] as object | undefined;
  const config = {
    extends: 'none',
    ...settings,
    host: { dataDir: './data', logLevel: 'silent', ...(settings['host'] as object | undefined) },
    plugins: { ...Object.fromEntries(entries), ...given },
  };
  return {
    folder,
    config: await file('soulbox.yaml', JSON.stringify(config, undefined, 2)),
    file,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line in this process, with a terminal of its own. */
export async function soulbox(
  args: readonly string[],
  given: { readonly home?: Home; readonly stdin?: string; readonly isTTY?: boolean } = {},
): Promise<Ran> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  stdin.end(given.stdin ?? '');
  Object.assign(stdin, { isTTY: given.isTTY ?? false });
  const streams = [stdout, stderr].map((stream) => Object.assign(stream, { isTTY: given.isTTY ?? false }));
  const texts = Promise.all(streams.map((stream) => text(stream)));
  const [first = '', ...rest] = args;
  const own = given.home ? [first, '--config', given.home.config, ...rest] : args;
  try {
    const terminal = { stdin, stdout: streams[0] as PassThrough, stderr: streams[1] as PassThrough };
    const code = await main(own, { terminal });
    for (const stream of streams) stream.end();
    const [out = '', err = ''] = await texts;
    return { code, stdout: out, stderr: err };
  } finally {
    for (const stream of streams) stream.end();
  }
}

/** What the client in the package `wire` connects to. */
export function serveWire(open: ((url: string, key: string) => RemoteClient) | undefined): void {
  (globalThis as Record<symbol, unknown>)[Symbol.for('soulbox/test-wire')] = open;
}
