import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import {
  once,
  SoulboxError,
  type LiveAgent,
  type LiveSandboxes,
  type NetworkPolicy,
  type OpenSandbox,
  type Principal,
  type SandboxOrder,
} from '@soulbox/plugin-sdk';
import type { Config } from './config.ts';
import type { Layers } from './layers.ts';
import { parseRecipe, type Instruction, type Step } from './recipe.ts';
import type { SnapshotRecord } from './records.ts';
import { home, type Snapshots } from './snapshots.ts';

export interface BuildOrder extends Pick<SandboxOrder, 'languages' | 'image' | 'limits'> {
  readonly name: string;
  readonly recipe: string;
  /** By their paths, for COPY. */
  readonly files: ReadonlyMap<string, Buffer>;
  readonly network?: NetworkPolicy;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Whether steps that were done before need not be done again. */
  readonly cache: boolean;
}

export type BuildEvent =
  | {
      readonly type: 'step';
      readonly step: number;
      readonly of: number;
      readonly text: string;
      readonly cached: boolean;
    }
  | { readonly type: 'output'; readonly step: number; readonly stream: 'stdout' | 'stderr'; readonly text: string };

export interface BuildCall {
  readonly principal: Principal;
  readonly signal: AbortSignal;
  emit(event: BuildEvent): void | Promise<void>;
}

const saidBytes = 4_000;

interface State {
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
}

/** What is true for the steps after it. */
function after({ env, folder }: State, instruction: Instruction): State {
  if (instruction.name === 'ENV') return { env: { ...env, ...instruction.env }, folder };
  if (instruction.name === 'WORKDIR') return { env, folder: posix.resolve(folder, instruction.folder) };
  return { env, folder };
}

/** Makes templates as recipes say: in a sandbox of its own, which ends with the build. */
export class Builds {
  readonly #config: Config;
  readonly #sandboxes: LiveSandboxes;
  readonly #snapshots: Snapshots;
  readonly #layers: Layers;
  readonly #underWay = new Map<string, number>();

  constructor(config: Config, sandboxes: LiveSandboxes, snapshots: Snapshots, layers: Layers) {
    this.#config = config;
    this.#sandboxes = sandboxes;
    this.#snapshots = snapshots;
    this.#layers = layers;
  }

  /**
   * A template of that name, in place of an earlier one; where it fails the earlier one stays.
   * @throws template_failed, invalid_params, not_found, overloaded, and what making a sandbox throws
   */
  async build(
    order: BuildOrder,
    call: BuildCall,
  ): Promise<{ readonly record: SnapshotRecord; readonly cached: number }> {
    const { tenant } = call.principal;
    const under = this.#underWay.get(tenant) ?? 0;
    if (under >= this.#config.builds)
      throw new SoulboxError('overloaded', `a tenant has at most ${this.#config.builds} builds`, {
        details: { maximum: this.#config.builds, retryAfterMs: 5_000 },
      });
    this.#underWay.set(tenant, under + 1);
    try {
      return await this.#build(order, call);
    } finally {
      const left = this.#underWay.get(tenant)! - 1;
      if (left === 0) this.#underWay.delete(tenant);
      else this.#underWay.set(tenant, left);
    }
  }

  async #build(order: BuildOrder, call: BuildCall) {
    const { base: from, steps } = parseRecipe(order.recipe);
    const base = from === null ? undefined : await this.#snapshots.records.find(from, call.principal.tenant);
    // Tells of files that were not sent along, too, before anything is made.
    const keys = keysOf(steps, order, base, call.principal.tenant);
    const done = order.cache ? await this.#doneBefore(keys) : 0;
    const { id } = await this.#sandboxes.make(this.#orderOf(order, done === 0 ? base : undefined), call.principal);
    try {
      const open = await this.#sandboxes.open(id, { tenant: call.principal.tenant, signal: call.signal });
      try {
        if (done > 0) await this.#restore(open.agent, keys[done - 1]!);
        const env = await this.#run(open, { steps, keys, done, order, base }, call);
        return { record: await this.#keep(open, order, env, call), cached: done };
      } finally {
        open.release();
      }
    } finally {
      await this.#sandboxes.remove(id, { tenant: call.principal.tenant }).catch(() => undefined);
    }
  }

  #orderOf({ languages, image, limits, network }: BuildOrder, base: SnapshotRecord | undefined): SandboxOrder {
    return {
      ...(languages ? { languages } : {}),
      ...(image === undefined ? {} : { image }),
      ...(limits ? { limits } : {}),
      request: { ...(base ? { snapshot: base.id } : {}), ...(network ? { network } : {}) },
      lifetimeMs: this.#config.buildMs,
      metadata: { 'soulbox.builds': 'a template' },
    };
  }

  /** How many steps from the first on need not be done. */
  async #doneBefore(keys: readonly string[]): Promise<number> {
    for (let done = keys.length; done > 0; done--) if (await this.#layers.has(keys[done - 1]!)) return done;
    return 0;
  }

  async #restore(agent: LiveAgent, key: string): Promise<void> {
    const layer = await this.#layers.read(key);
    if (!layer) throw new SoulboxError('storage_failed', 'a layer of the template went while it was built');
    await this.#snapshots.fill(agent, layer);
  }

  /** @returns the variables that the template has. */
  async #run(
    open: OpenSandbox,
    {
      steps,
      keys,
      done,
      order,
      base,
    }: {
      readonly steps: readonly Step[];
      readonly keys: readonly string[];
      readonly done: number;
      readonly order: BuildOrder;
      readonly base: SnapshotRecord | undefined;
    },
    call: BuildCall,
  ): Promise<Readonly<Record<string, string>>> {
    let state: State = { env: base?.env ?? {}, folder: home };
    for (const [index, { text, instruction }] of steps.entries()) {
      const step = index + 1;
      await call.emit({ type: 'step', step, of: steps.length, text, cached: index < done });
      state = after(state, instruction);
      if (index < done) continue;
      if (instruction.name === 'WORKDIR') await open.agent.makeFolder(state.folder, { parents: true });
      if (instruction.name === 'COPY')
        for (const [path, content] of filesFor(instruction, state.folder, order.files))
          await open.agent.write(path, once(content), { parents: true, signal: call.signal });
      if (instruction.name !== 'RUN') continue;
      await runStep(open, instruction.command, state, { step, text }, call);
      if (order.cache)
        await this.#layers.put(keys[index]!, call.principal.tenant, open.agent.pack([home], { signal: call.signal }));
    }
    return state.env;
  }

  async #keep(
    open: OpenSandbox,
    { name, metadata }: BuildOrder,
    env: State['env'],
    call: BuildCall,
  ): Promise<SnapshotRecord> {
    const { tenant } = call.principal;
    const taken = await this.#snapshots.take(open, { metadata, env }, call.principal, call.signal);
    const earlier = (await this.#snapshots.records.of(tenant)).find((record) => record.name === name);
    if (earlier) await this.#snapshots.rename(earlier.id, tenant, { name: null });
    const record = await this.#snapshots.rename(taken.id, tenant, { name });
    if (earlier) await this.#snapshots.remove(earlier.id, tenant);
    return record;
  }
}

/** What each step makes is known by all that it is made of. */
function keysOf(steps: readonly Step[], order: BuildOrder, base: SnapshotRecord | undefined, tenant: string): string[] {
  const { languages = null, image = null } = order;
  let key = JSON.stringify([tenant, languages, image, base?.sha256 ?? null, base?.env ?? {}]);
  return steps.map(({ text, instruction }) => {
    const files = instruction.name === 'COPY' ? filesFor(instruction, home, order.files) : [];
    const sums = files.map(([path, content]) => [path, createHash('sha256').update(content).digest('hex')]);
    return (key = createHash('sha256')
      .update(JSON.stringify([key, text, sums]))
      .digest('hex'));
  });
}

/** Where the files of a COPY go, and what they have. @throws invalid_params for what was not sent along */
function filesFor(
  { from, to }: Instruction & { readonly name: 'COPY' },
  folder: string,
  files: ReadonlyMap<string, Buffer>,
): (readonly [path: string, content: Buffer])[] {
  const target = posix.resolve(folder, to);
  const found = from.flatMap((source) => {
    const plain = posix.normalize(source).replace(/^\.?\/+|\/$/g, '');
    const exact = files.get(plain);
    if (exact) {
      const intoFolder = to.endsWith('/') || to === '.' || from.length > 1;
      return [[intoFolder ? posix.join(target, posix.basename(plain)) : target, exact] as const];
    }
    const prefix = plain === '.' || plain === '' ? '' : `${plain}/`;
    const below = [...files].filter(([path]) => path.startsWith(prefix));
    if (below.length === 0)
      throw new SoulboxError('invalid_params', `COPY: there is no file "${source}"`, { details: { field: 'files' } });
    return below.map(([path, content]) => [posix.join(target, path.slice(prefix.length)), content] as const);
  });
  return found;
}

async function runStep(
  { agent, info }: OpenSandbox,
  command: string,
  { env, folder }: State,
  about: { readonly step: number; readonly text: string },
  call: BuildCall,
): Promise<void> {
  const { id } = await agent.start({
    argv: ['/bin/sh', '-c', command],
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: home, ...info.env, ...env },
    cwd: folder,
  });
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  let said = '';
  for await (const event of agent.attach(id, { signal: call.signal })) {
    if (event.type === 'output' && event.stream !== 'control') {
      const text = decoders[event.stream].decode(event.data, { stream: true });
      said = (said + text).slice(-saidBytes);
      if (text !== '') await call.emit({ type: 'output', step: about.step, stream: event.stream, text });
    }
    if (event.type !== 'ended') continue;
    const { exitCode, signal } = event.process;
    await agent.forget(id).catch(() => undefined);
    if (exitCode === 0) return;
    throw new SoulboxError('template_failed', `step ${about.step} of the recipe failed: ${about.text.slice(0, 200)}`, {
      details: { step: about.step, exitCode, signal, output: said },
    });
  }
  throw new SoulboxError('sandbox_lost', 'the sandbox of the build is gone');
}
