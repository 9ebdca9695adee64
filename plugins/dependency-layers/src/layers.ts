import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SoulboxError, type DependencyLayers, type LayerRequest, type SandboxDriver } from '@soulbox/plugin-sdk';
import { build } from './builder.ts';
import type { Config } from './config.ts';

export interface LayersOptions {
  readonly config: Config;
  /** Where layers are kept. */
  readonly folder: string;
  /** The drivers there are, by name; looked at when they are needed. */
  readonly drivers: ReadonlyMap<string, SandboxDriver>;
  readonly onRefused: (target: string, why: string) => void;
}

/** A layer that was used so lately is kept, whatever the room: boxes may be made with it at any moment. */
const freshMs = 600_000;
/** The size of a layer, in bytes, beside it: a layer without one is not whole. */
const sizeFile = (layer: string) => `${layer}.size`;

/** What decides the content of a layer. */
function nameOf({ plan, driver, spec, digest }: LayerRequest): string {
  const files = plan.files.map(({ path, content }) => [path, Buffer.from(content).toString('base64')]);
  // Boxes of one host see the same toolchains, whichever driver makes them.
  const place = digest ?? ['host', ...(spec.image === undefined ? [] : [driver, spec.image])];
  return createHash('sha256')
    .update(JSON.stringify([plan.key, files, plan.stages, place]))
    .digest('hex');
}

/** Layers on disk, each built once. */
export class Layers implements DependencyLayers {
  private readonly options: LayersOptions;
  private readonly building = new Map<string, { readonly done: Promise<string>; waiters: number; abort(): void }>();
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(options: LayersOptions) {
    this.options = options;
  }

  private get scratch(): string {
    return join(this.options.folder, '.building');
  }

  /** Removes what earlier hosts left half-made. */
  async open(): Promise<void> {
    await rm(this.scratch, { recursive: true, force: true });
    await mkdir(this.scratch, { recursive: true, mode: 0o755 });
  }

  async layer(request: LayerRequest, { signal }: { readonly signal: AbortSignal }): Promise<string> {
    const path = join(this.options.folder, nameOf(request));
    if (await this.isWhole(path)) return path;
    return this.join(path, request, signal);
  }

  private async isWhole(path: string): Promise<boolean> {
    const now = new Date();
    // Its time tells when it was used last.
    return utimes(sizeFile(path), now, now).then(
      () => true,
      () => false,
    );
  }

  /** Waits for the build of a layer, begun by whoever comes first; it goes on as long as anybody waits. */
  private async join(path: string, request: LayerRequest, signal: AbortSignal): Promise<string> {
    let entry = this.building.get(path);
    if (!entry) {
      const controller = new AbortController();
      const done = this.inTurn(() => this.make(path, request, controller.signal), controller.signal);
      entry = { done, waiters: 0, abort: () => controller.abort() };
      this.building.set(path, entry);
      void done.catch(() => undefined).finally(() => this.building.delete(path));
    }
    const joined = entry;
    joined.waiters += 1;
    let leave = () => {};
    const left = new Promise<never>((_, reject) => {
      leave = () => reject(new SoulboxError('cancelled', 'the caller cancelled it'));
      signal.addEventListener('abort', leave, { once: true });
      if (signal.aborted) leave();
    });
    try {
      return await Promise.race([joined.done, left]);
    } finally {
      signal.removeEventListener('abort', leave);
      joined.waiters -= 1;
      if (joined.waiters === 0) joined.abort();
    }
  }

  private async inTurn<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const { builds, queue } = this.options.config;
    if (this.running >= builds) {
      if (this.waiting.length >= queue)
        throw new SoulboxError('overloaded', 'too many builds of dependencies wait already', {
          details: { retryAfterMs: 5_000 },
        });
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    } else this.running += 1;
    try {
      if (signal.aborted) throw new SoulboxError('cancelled', 'nobody waits for it any more');
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }

  private async make(path: string, request: LayerRequest, signal: AbortSignal): Promise<string> {
    const { config, drivers, onRefused } = this.options;
    const driver = drivers.get(request.driver);
    if (!driver) throw new SoulboxError('sandbox_unavailable', `there is no sandbox driver "${request.driver}"`);
    const draft = join(this.scratch, randomUUID());
    await mkdir(draft, { mode: 0o755 });
    try {
      const bytes = await build(driver, request, draft, { config, scratch: this.scratch, signal, onRefused });
      await this.makeRoom(bytes);
      // Left by a host that died between the two steps.
      await rm(path, { recursive: true, force: true });
      await rename(draft, path);
      await writeFile(sizeFile(path), String(bytes));
      return path;
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }

  /** Removes layers until there is room for one more, those first that were not used for longest. */
  private async makeRoom(bytes: number): Promise<void> {
    const layers = await this.kept();
    let total = bytes + layers.reduce((sum, layer) => sum + layer.bytes, 0);
    for (const { path, bytes: freed, usedAt } of layers.toSorted((a, b) => a.usedAt - b.usedAt)) {
      if (total <= this.options.config.totalBytes || Date.now() - usedAt < freshMs) return;
      // Without its size it is not whole any more, wherever this is interrupted.
      await rm(sizeFile(path), { force: true });
      await rm(path, { recursive: true, force: true });
      total -= freed;
    }
  }

  private async kept(): Promise<{ path: string; bytes: number; usedAt: number }[]> {
    const names = await readdir(this.options.folder);
    const sizes = names.filter((name) => name.endsWith('.size')).map((name) => join(this.options.folder, name));
    return Promise.all(
      sizes.map(async (file) => {
        const [text, { mtimeMs }] = await Promise.all([readFile(file, 'utf8'), stat(file)]);
        return { path: file.slice(0, -'.size'.length), bytes: Number(text) || 0, usedAt: mtimeMs };
      }),
    );
  }

  /** Ends every build. */
  async close(): Promise<void> {
    const all = [...this.building.values()];
    for (const { abort } of all) abort();
    await Promise.allSettled(all.map(({ done }) => done));
  }
}
