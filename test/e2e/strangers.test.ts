import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rename, rm, symlink } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { ExecutionResult } from '@soulbox/plugin-sdk';
import { needs } from '../support/needs.ts';
import { RawClient } from '../support/rpc.ts';
import { startHost } from '../support/running-host.ts';
import { makeHome, root } from '../support/soulbox.ts';

const run = promisify(execFile);
const examples = ['language-lua', 'redact-output', 'label-quota', 'webhook-notifier', 'snippet-library'] as const;
type Example = (typeof examples)[number];
const secret = 'a secret of 24 characters';
const sourceOf = (id: Example) => join(root, 'examples/plugins', id);

/** Holds the tarball of each example, by its id. */
let tarballs: string;
before(async () => {
  tarballs = await mkdtemp(join(tmpdir(), 'soulbox-packed-'));
  for (const id of examples) {
    const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', tarballs];
    const [packed] = JSON.parse((await run('npm', pack, { cwd: sourceOf(id) })).stdout) as { filename: string }[];
    await rename(join(tarballs, packed?.filename ?? ''), join(tarballs, `${id}.tgz`));
  }
});
after(() => rm(tarballs, { recursive: true, force: true }));

/** Unpacks the examples into a folder that holds nothing else but the SDK. */
async function install(folder: string): Promise<void> {
  const modules = join(folder, 'node_modules');
  for (const id of examples) {
    const installed = join(modules, `soulbox-plugin-${id}`);
    await mkdir(installed, { recursive: true });
    await run('tar', ['-xzf', join(tarballs, `${id}.tgz`), '-C', installed, '--strip-components=1']);
  }
  await mkdir(join(modules, '@soulbox'));
  await symlink(join(root, 'sdk-plugin'), join(modules, '@soulbox/plugin-sdk'));
}

/** Where a stranger's plugin is loaded from, and where it runs. */
const places: Record<string, { readonly isolation: 'inline' | 'process'; readonly find: (id: Example) => string }> = {
  'by path': { isolation: 'inline', find: sourceOf },
  'by path, isolated': { isolation: 'process', find: sourceOf },
  'from a tarball': { isolation: 'inline', find: (id) => `soulbox-plugin-${id}` },
  'from a tarball, isolated': { isolation: 'process', find: (id) => `soulbox-plugin-${id}` },
};

interface Notification {
  readonly execution: { readonly id: string; readonly labels: Readonly<Record<string, string>> };
}

/** Receives notifications, of which each must be signed. */
async function startReceiver() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const next = async (): Promise<Notification> => {
    const [request, response] = (await once(server, 'request')) as [IncomingMessage, ServerResponse];
    const body = await text(request);
    response.writeHead(204).end();
    const [, time, signature] = /^t=(\d+),v1=(.*)$/.exec(String(request.headers['x-soulbox-signature'])) ?? [];
    assert.equal(signature, createHmac('sha256', secret).update(`${time}.${body}`).digest('hex'));
    return JSON.parse(body) as Notification;
  };
  /** The first about an execution of a team; the host's own programs are told of before. */
  const ofTeam = async (): Promise<Notification> => {
    const notification = await next();
    return 'team' in notification.execution.labels ? notification : ofTeam();
  };
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, notification: ofTeam(), close };
}

function entries(place: (typeof places)[string], url: string): string {
  const configs: Record<Example, object> = {
    'language-lua': {},
    'redact-output': { secrets: ['hunter2'] },
    'label-quota': { label: 'team', limit: 1 },
    'webhook-notifier': { url, secret: { $env: 'WEBHOOK_SECRET' } },
    'snippet-library': {},
  };
  return examples
    .map((id) => [id, { package: place.find(id), isolation: place.isolation, config: configs[id] }] as const)
    .map(([id, entry]) => `  ${id}: ${JSON.stringify(entry)}\n`)
    .join('');
}

describe('the examples, in a host of their own', { skip: needs('lua5.4') }, () => {
  for (const [name, place] of Object.entries(places))
    it(`do their work ${name}`, async () => {
      const receiver = await startReceiver();
      const home = await makeHome();
      await install(home.folder);
      const env = { ...home.env, WEBHOOK_SECRET: secret };
      const host = await startHost({ home: { ...home, env }, plugins: entries(place, receiver.url) });
      const client = await RawClient.open(host.url, host.key ?? '');
      try {
        const { plugins } = (await client.call('plugins.list')).result as {
          plugins: { id: string; state: string; reason: string | null; isolation: string }[];
        };
        const ours = plugins.filter(({ id }) => examples.includes(id as Example));
        assert.equal(ours.length, examples.length);
        for (const { id, state, reason, isolation } of ours)
          assert.deepEqual([state, isolation], ['active', place.isolation], `${id}: ${reason}`);

        const code = 'io.write("hun") io.write("ter2, ", arg[1], "\\n")';
        const saved = await client.call('snippets.save', { name: 'tell', language: 'lua', code });
        assert.deepEqual(saved.result, { name: 'tell', version: 1 });
        const params = { name: 'tell', args: ['told'], labels: { team: 'a' } };
        const { result, error } = await client.call('snippets.run', params);
        const { id, verdict, stdout, stderr } = result as ExecutionResult;
        assert.deepEqual([verdict, stdout], ['ok', '[redacted], told\n'], stderr || error?.message);
        const { execution } = await receiver.notification;
        assert.deepEqual([execution.id, execution.labels], [id, { team: 'a' }]);
        const refused = await client.call('snippets.run', params);
        assert.equal(refused.error?.data?.code, 'execution_vetoed');
        assert.match(refused.error?.message ?? '', /"team: a" has had its 1 execution/);
      } finally {
        receiver.close();
        await client.close();
        assert.equal(await host.end('SIGTERM'), 0, host.output());
        await home[Symbol.asyncDispose]();
      }
    });
});
