import { createHash } from 'node:crypto';
import type { ExecutionRequest, LanguageInfo, LanguageRuntime } from '@soulbox/plugin-sdk';
import {
  DependencyLayers,
  LanguageRuntime as LanguageRuntimes,
  SandboxDriver,
  type HookName,
} from '@soulbox/plugin-sdk';
import type { HookBus } from '../hooks/hook-bus.ts';
import type { PluginRecord } from '../plugins/record.ts';
import type { Place } from '../sandboxes/placement.ts';
import type { Services } from '../services.ts';
import { hostVersion } from '../version.ts';
import type { Prepared } from './prepare.ts';
import { decodeStdin } from './stdin.ts';

/** Hooks whose taps can change what an execution is, runs in or answers with. */
const decidingHooks: readonly HookName[] = [
  'execution.before',
  'sandbox.creating',
  'execution.output',
  'execution.after',
];

/** Hooks whose taps can show one caller what they hide from another. */
const rewritingHooks: readonly HookName[] = ['execution.output', 'execution.after'];

export interface DecidingParts {
  readonly services: Services;
  readonly hooks: HookBus;
  readonly plugins: () => readonly PluginRecord[];
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('base64url');
}

function sorted(entries: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(entries).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * The plugins that have a hand in what an execution there answers with: versions, files and settings, in one text.
 * `undefined` where one of them is just being replaced.
 */
export function decidingPlugins(
  { services, hooks, plugins }: DecidingParts,
  { runtime }: { readonly runtime: LanguageRuntime; readonly language: LanguageInfo },
  { chosen }: Place,
): string | undefined {
  const [name] = [...services.all<LanguageRuntime>(LanguageRuntimes)].find(([, each]) => each === runtime) ?? [];
  const language = name === undefined ? undefined : services.owner(LanguageRuntimes, name);
  const driver = services.owner(SandboxDriver, chosen.name);
  if (language === undefined || driver === undefined) return undefined;
  const layers = services.owner(DependencyLayers);
  const owners = [language, driver, ...(layers === undefined ? [] : [layers]), ...hooks.ownersOf(decidingHooks)];
  const records = new Map(plugins().map((record) => [record.id, record]));
  const known = [...new Set(owners)].toSorted().map((id) => {
    const record = records.get(id);
    return [id, record?.instance?.manifest.version, record?.source.integrity, record?.source.rawConfig];
  });
  return JSON.stringify([hostVersion, process.arch, language, driver, known]);
}

/** For whom a result was made, as far as plugins can tell callers of one tenant apart when they rewrite it. */
export function viewerOf({ hooks }: DecidingParts, { principalId, labels = {} }: ExecutionRequest): string {
  return hooks.ownersOf(rewritingHooks).length === 0 ? '' : JSON.stringify([principalId, sorted(labels)]);
}

/**
 * Everything that decides the result of an execution, as one digest: equal for equal runs, and for no others. Names and
 * contents stand in JSON, which no field can break out of.
 */
export function resultKey(
  { request, language, input }: Prepared,
  { place, plugins, viewer }: { readonly place: Place; readonly plugins: string; readonly viewer: string },
): string {
  const { tenant, args = [], env = {}, dependencies = [], limits, network = 'none' } = request;
  const { chosen, toolchain, version, base, digest } = place;
  return sha256(
    JSON.stringify([
      tenant,
      viewer,
      [language.name, version],
      [chosen.name, toolchain, base.image, base.paths, digest],
      plugins,
      input.files.map(({ path, content }) => [path, sha256(content)]),
      input.entry ?? null,
      sha256(decodeStdin(request.stdin).data),
      args,
      sorted(env),
      dependencies,
      sorted(limits),
      network,
    ]),
  );
}
