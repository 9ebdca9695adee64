import { pipeline } from 'node:stream/promises';
import type { Duplex } from 'node:stream';
import { isSoulboxError, SoulboxError, z, type BoxStats, type SandboxInfo } from '@soulbox/plugin-sdk';
import type { LiveRecord, UidBlock } from '@soulbox/plugin-sdk/agent';
import { AttachedStream } from './attached-stream.ts';
import { liveSocket, program } from './container-options.ts';
import { containerStats } from './container-stats.ts';
import { removeContainer, type ContainerMakers } from './container.ts';
import { isMissing } from './engine-error.ts';
import type { Engine } from './engine.ts';
import type { Names } from './names.ts';

/** What a container that stays is found by. */
export const MadeSchema = z.object({
  /** Its name, which it has before it is there. */
  container: z.string().min(1),
  /** 0 before it is known. */
  uid: z.int().min(0),
  reference: z.string(),
  imageId: z.string(),
});
export type Made = z.infer<typeof MadeSchema>;
export type WholeRecord = LiveRecord<Made> & { readonly made: Made };

const StateSchema = z.object({ State: z.object({ Running: z.boolean(), Paused: z.boolean() }) });
export type ContainerState = 'running' | 'paused' | 'exited';

/** As the engine has it, also where it has none. @throws as {@link Engine.ask} */
export async function stateOf(engine: Engine, name: string): Promise<ContainerState> {
  try {
    const { State } = await engine.ask(StateSchema, 'tell of a container', (docker, abortSignal) =>
      docker.getContainer(name).inspect({ abortSignal } as object),
    );
    if (State.Paused) return 'paused';
    return State.Running ? 'running' : 'exited';
  } catch (thrown) {
    if (isMissing(thrown)) return 'exited';
    throw thrown;
  }
}

/** A container that stays, whoever made it: known by its record. */
export class LiveContainer {
  readonly #engine: Engine;
  readonly #names: Names;
  readonly #record: WholeRecord;
  /** Held as long as this host has it. */
  readonly #uid: UidBlock | undefined;
  #gone: Promise<void> | undefined;

  constructor(
    record: WholeRecord,
    { engine, names }: Pick<ContainerMakers, 'engine' | 'names'>,
    uid: UidBlock | undefined,
  ) {
    this.#engine = engine;
    this.#names = names;
    this.#record = record;
    this.#uid = uid;
  }

  get name(): string {
    return this.#record.made.container;
  }

  async info(): Promise<SandboxInfo> {
    const { id, createdAt, labels, made } = this.#record;
    const image = { reference: made.reference, digest: made.imageId };
    return { id, state: await stateOf(this.#engine, this.name), createdAt, labels, image };
  }

  /** By a program that is executed in it: that works with any engine, wherever it is. @throws sandbox_lost, sandbox_paused */
  async *connect(input: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const stream = new AttachedStream(await this.#execute(signal));
    const abort = (): void => void stream.destroy();
    signal.addEventListener('abort', abort, { once: true });
    try {
      // How it ends, the reader is told.
      pipeline(input, stream).catch(() => undefined);
      for await (const chunk of stream) yield chunk as Buffer;
    } catch (cause) {
      throw new SoulboxError('sandbox_lost', 'the sandbox cannot be reached', { cause });
    } finally {
      signal.removeEventListener('abort', abort);
      stream.destroy();
    }
  }

  async #execute(signal: AbortSignal): Promise<Duplex> {
    const user = `${this.#record.made.uid}:${this.#record.made.uid}`;
    const streams = { AttachStdin: true, AttachStdout: true, AttachStderr: true, Tty: false };
    const options = { Cmd: [program, 'connect', liveSocket], User: user, ...streams };
    try {
      return await this.#engine.call(
        'reach a sandbox',
        async (docker, abortSignal) => {
          const execution = await docker.getContainer(this.name).exec({ ...options, abortSignal });
          return execution.start({ hijack: true, stdin: true, Tty: false, abortSignal });
        },
        { signal },
      );
    } catch (thrown) {
      if (!isMissing(thrown) && !(isSoulboxError(thrown) && thrown.code === 'conflict')) throw thrown;
      if ((await stateOf(this.#engine, this.name)) === 'paused')
        throw new SoulboxError('sandbox_paused', 'the sandbox is paused');
      throw new SoulboxError('sandbox_lost', 'the sandbox is gone', { cause: thrown });
    }
  }

  async stats(): Promise<BoxStats> {
    return { box: await containerStats(this.#engine, this.name), runs: {} };
  }

  /** @throws sandbox_lost */
  async setPaused(paused: boolean): Promise<void> {
    const state = await stateOf(this.#engine, this.name);
    if (state === 'exited') throw new SoulboxError('sandbox_lost', 'the sandbox is gone');
    if ((state === 'paused') === paused) return;
    await this.#engine.call(paused ? 'pause a container' : 'resume a container', (docker, abortSignal) => {
      const container = docker.getContainer(this.name);
      return paused ? container.pause({ abortSignal }) : container.unpause({ abortSignal });
    });
  }

  /** Resolves once the engine has nothing of it left. A second call waits for the first. */
  destroy(): Promise<void> {
    this.#gone ??= this.#destroy();
    return this.#gone;
  }

  async #destroy(): Promise<void> {
    try {
      await removeContainer(this.#engine, this.name);
    } catch (thrown) {
      // It is tried again where someone asks again, and by itself.
      this.#gone = undefined;
      this.#names.abandon(this.name);
      throw thrown;
    }
    this.#names.free(this.name);
    await this.#uid?.release();
  }
}
