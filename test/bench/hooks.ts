import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definePlugin, type Denial, type ExecutionRequest, type Principal } from '@soulbox/plugin-sdk';
import { createTestHost } from '@soulbox/plugin-sdk/testing';
import { root } from '../support/soulbox.ts';
import { compare, type Figures } from './compare.ts';

const principal: Principal = { id: 'bench', tenant: 'bench', roles: [], scopes: [] };
const limits = { wallMs: 1, cpuMs: 1, memoryBytes: 1, outputBytes: 1, processes: 1, diskBytes: 1 };
const request: ExecutionRequest = { id: 'x', tenant: 'bench', principalId: 'bench', language: 'x', code: 'x', limits };
const argument = { request, principal };

/** The package of a plugin with one tap that answers nothing, which can see the SDK. */
async function writeStranger(folder: string): Promise<string> {
  await mkdir(join(folder, 'node_modules/@soulbox'), { recursive: true });
  await symlink(join(root, 'sdk-plugin'), join(folder, 'node_modules/@soulbox/plugin-sdk'));
  const soulbox = { id: 'stranger', isolation: ['process'], permissions: { hooks: ['execution.veto'] } };
  const manifest = { name: 'stranger', version: '1.0.0', type: 'module', exports: './index.js', soulbox };
  await writeFile(join(folder, 'package.json'), JSON.stringify({ ...manifest, engines: { soulbox: '^1.0.0' } }));
  const code = `import { definePlugin } from '@soulbox/plugin-sdk';
export default definePlugin({ id: 'stranger', setup: ({ hooks }) => void hooks.tap('execution.veto', () => undefined) });`;
  await writeFile(join(folder, 'index.js'), code);
  return folder;
}

/** A plain call, beside the same function as a guarded tap and as a tap in a process of its own. */
export async function benchHooks(rounds: number): Promise<Record<string, Figures>> {
  const folder = await mkdtemp(join(tmpdir(), 'soulbox-bench-'));
  const abstain = (): Denial | undefined => undefined;
  const abstainLater = async (): Promise<Denial | undefined> => undefined;
  const tapping = (tap: () => Denial | undefined | Promise<Denial | undefined>) => ({
    plugin: definePlugin({ id: 'tapper', setup: ({ hooks }) => void hooks.tap('execution.veto', tap) }),
  });
  try {
    await using sync = await createTestHost({ plugins: { tapper: tapping(abstain) } });
    await using async = await createTestHost({ plugins: { tapper: tapping(abstainLater) } });
    await using isolated = await createTestHost({ plugins: { stranger: { folder: await writeStranger(folder) } } });
    const call =
      ({ host }: typeof sync) =>
      () =>
        host.hooks.call('execution.veto', argument);
    return await compare(
      {
        'plain call': abstain,
        'guarded tap': call(sync),
        'guarded tap that answers later': call(async),
        'tap in a process of its own': call(isolated),
      },
      rounds,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
