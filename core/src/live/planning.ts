import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  parse,
  SoulboxError,
  z,
  type LiveLimits,
  type LivePlan,
  type LiveRequest,
  type LiveSpec,
  type Principal,
} from '@soulbox/plugin-sdk';
import type { Config } from '../config/schema.ts';
import type { HookBus } from '../hooks/hook-bus.ts';
import type { Languages } from '../sandboxes/languages.ts';
import type { ChosenDriver, DriverStatus, SandboxRegistry } from '../sandboxes/registry.ts';

export interface PlanningParts {
  readonly registry: SandboxRegistry;
  readonly languages: Languages;
  readonly hooks: HookBus;
  readonly settings: Config['live'];
}

export interface LiveOrder {
  readonly languages?: readonly string[] | undefined;
  readonly image?: string | undefined;
  readonly limits?: { readonly [K in keyof LiveLimits]?: number | undefined } | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly request: LiveRequest;
}

export interface PlannedSandbox {
  readonly chosen: ChosenDriver;
  readonly spec: LiveSpec;
  readonly image: string | null;
  readonly env: Readonly<Record<string, string>>;
  readonly languages: readonly string[];
}

const idBytes = 16;
const mostMounts = 64;

/** A tap's answer is used where files of this machine are shown. */
const PlanSchema = z.object({
  image: z.string().min(1).nullable(),
  env: z.record(z.string(), z.string()),
  mounts: z
    .array(z.object({ source: z.string().startsWith('/'), path: z.string().startsWith('/'), readOnly: z.boolean() }))
    .max(mostMounts),
  gateway: z.boolean(),
  handled: z.array(z.enum(['network', 'volumes', 'template', 'snapshot'])),
});

/**
 * The first driver whose sandboxes can stay, and are made of images where one is asked for.
 * @throws unsupported, sandbox_unavailable, isolation_insufficient
 */
async function chooseDriver(registry: SandboxRegistry, image: string | undefined): Promise<ChosenDriver> {
  const tried: DriverStatus[] = [];
  let lacking: string | undefined;
  for await (const candidate of registry.inOrder()) {
    if (!('driver' in candidate)) tried.push(candidate);
    else if (!candidate.report.capabilities.includes('live'))
      lacking ??= 'no driver here has sandboxes that stay (capability "live")';
    else if (image !== undefined && candidate.report.toolchains !== 'image')
      lacking = 'no driver here has sandboxes of images that stay';
    else return candidate;
  }
  if (lacking !== undefined) throw new SoulboxError('unsupported', lacking);
  throw registry.unusable(tried);
}

/** @throws limit_out_of_range */
function liveLimits(asked: LiveOrder['limits'], { limits, maximum }: Config['live']): LiveLimits {
  const resolved: { -readonly [K in keyof LiveLimits]: number } = { ...limits };
  for (const [name, value] of Object.entries(asked ?? {}) as [keyof LiveLimits, number | undefined][]) {
    if (value === undefined) continue;
    if (value > maximum[name])
      throw new SoulboxError('limit_out_of_range', `limits.${name}: ${value} is more than ${maximum[name]}`, {
        details: { field: `limits.${name}`, maximum: maximum[name] },
      });
    resolved[name] = value;
  }
  return resolved;
}

interface Toolchains {
  readonly paths: readonly string[];
  readonly image: string | null;
  readonly names: readonly string[];
  /** Where their programs are, beside the usual folders. */
  readonly programs: readonly string[];
}

const usualFolders = ['/usr/local/bin', '/usr/bin', '/bin'];

async function programFolders(paths: readonly string[]): Promise<readonly string[]> {
  // A toolchain says a folder that has such a folder, or the programs one by one.
  const candidates = paths
    .map((path) => (basename(dirname(path)) === 'bin' ? dirname(path) : join(path, 'bin')))
    .filter((path) => !usualFolders.includes(path));
  const found = await Promise.all(
    candidates.map(async (path) => ((await stat(path).catch(() => undefined))?.isDirectory() ? [path] : [])),
  );
  return [...new Set(found.flat())];
}

/** What the sandbox is made of, where its toolchains are the host's own files or an image. */
async function toolchainsFor(
  { languages }: PlanningParts,
  { report, name }: ChosenDriver,
  order: LiveOrder,
): Promise<Toolchains> {
  const isImage = report.toolchains === 'image';
  const wanted = order.languages
    ? await Promise.all(order.languages.map((each) => languages.find(each)))
    : isImage
      ? []
      : (await languages.list()).filter(({ info }) => info.available);
  for (const { info } of wanted)
    if (!isImage && !info.available)
      throw new SoulboxError('language_unavailable', info.reason ?? `${info.name} is not available`);
  const names = wanted.map(({ info }) => info.name);
  const paths = wanted.flatMap(({ info }) => info.paths);
  if (!isImage) return { paths, image: null, names, programs: await programFolders(paths) };
  const images = [...new Set(wanted.map(({ info }) => info.image?.reference))];
  if (order.image === undefined && images.length > 1)
    throw new SoulboxError('invalid_params', `driver ${name} has one image for each language: name one, or an image`);
  return { paths: [], image: order.image ?? images[0] ?? null, names, programs: [] };
}

/** @throws unsupported for what the driver cannot have a sandbox do */
function checkDriver(
  { name, report: { capabilities } }: ChosenDriver,
  { gateway, mounts }: Pick<LivePlan, 'gateway' | 'mounts'>,
) {
  const wanted = [
    ...(gateway ? (['network-policy'] as const) : []),
    ...(mounts.length > 0 ? (['volumes'] as const) : []),
  ];
  for (const capability of wanted)
    if (!capabilities.includes(capability))
      throw new SoulboxError('unsupported', `driver ${name} lacks the capability "${capability}"`, {
        details: { capability },
      });
}

/** Decides what a sandbox is made of; plugins see to what the client asked for. @throws unsupported for what none of them did */
export async function planSandbox(
  parts: PlanningParts,
  order: LiveOrder,
  principal: Principal,
): Promise<PlannedSandbox> {
  const limits = liveLimits(order.limits, parts.settings);
  const chosen = await chooseDriver(parts.registry, order.image);
  const { paths, image, names, programs } = await toolchainsFor(parts, chosen, order);
  const id = `sb${randomBytes(idBytes).toString('hex')}`;
  const { request } = order;
  const env = programs.length === 0 ? order.env : { PATH: [...programs, ...usualFolders].join(':'), ...order.env };
  const first: LivePlan = { image, env, mounts: [], gateway: false, handled: [] };
  const about = { id, request, principal, driver: chosen.name };
  const plan = parse(PlanSchema, await parts.hooks.call('live.planning', first, about), 'hook_invalid_result');
  const asked = Object.keys(request) as (keyof LiveRequest)[];
  const unseen = asked.filter((name) => request[name] !== undefined && !plan.handled.includes(name));
  if (unseen.length > 0)
    throw new SoulboxError('unsupported', `no plugin here sees to "${unseen.join('", "')}" of a sandbox`, {
      details: { fields: unseen },
    });
  checkDriver(chosen, plan);
  const spec: LiveSpec = {
    id,
    paths,
    ...(plan.image === null ? {} : { image: plan.image }),
    labels: { tenant: principal.tenant },
    limits,
    mounts: plan.mounts,
    gateway: plan.gateway,
  };
  return { chosen, spec, image: plan.image, env: plan.env, languages: names };
}
