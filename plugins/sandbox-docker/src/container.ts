import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { SoulboxError, toSoulboxError, z, type BoxStats } from '@soulbox/plugin-sdk';
import { AgentConnection, type UidBlock, type UidBlocks } from '@soulbox/plugin-sdk/agent';
import { AttachedStream } from './attached-stream.ts';
import { containerOptions, type ContainerPlan } from './container-options.ts';
import { containerStats } from './container-stats.ts';
import { isMissing, saidByProcess } from './engine-error.ts';
import type { Engine } from './engine.ts';
import { factsOf } from './enforced.ts';
import type { Names } from './names.ts';
import type { Settings } from './settings.ts';

/** How long an agent gets to end its programs and itself when it is asked to. */
const askedMs = 2000;
/** Between looks at a container whose removal the engine has begun. */
const pauseMs = 50;

const CreatedSchema = z.object({ id: z.string().regex(/^[0-9a-f]{12,64}$/) });

export interface ContainerMakers {
  readonly engine: Engine;
  readonly settings: Settings;
  readonly names: Names;
  readonly uids: UidBlocks;
}

/** A running container, and the connection to the agent that is its process 1. */
export class Container {
  readonly id: string;
  readonly name: string;
  readonly connection: AgentConnection;
  readonly #stream: AttachedStream;
  readonly #uid: UidBlock;
  readonly #makers: ContainerMakers;
  #gone: Promise<void> | undefined;

  private constructor(
    id: string,
    name: string,
    uid: UidBlock,
    stream: AttachedStream,
    connection: AgentConnection,
    makers: ContainerMakers,
  ) {
    this.id = id;
    this.name = name;
    this.#uid = uid;
    this.#stream = stream;
    this.connection = connection;
    this.#makers = makers;
  }

  /** Where it rejects, what the engine may have made is taken away in the background, however late it was made. */
  static async start(
    plan: Omit<ContainerPlan, 'uid'>,
    makers: ContainerMakers,
    signal: AbortSignal,
  ): Promise<Container> {
    const { engine, settings, names, uids } = makers;
    const uid = await uids.take();
    const options = containerOptions({ ...plan, uid: uid.base }, settings);
    names.take(plan.name);
    let stream: AttachedStream | undefined;
    let created = false;
    try {
      // Not ended by the signal: the engine would go on making it, and nobody could say until when.
      const { id } = await engine.ask(CreatedSchema, 'create a container', (docker, abortSignal) =>
        docker.createContainer({ ...options, abortSignal }),
      );
      created = true;
      stream = await attach(engine, id, signal);
      await engine.call('start a container', (docker, abortSignal) => docker.getContainer(id).start({ abortSignal }), {
        signal,
      });
      const connection = await AgentConnection.open(stream, {
        handshakeMs: settings.createTimeoutMs,
        graceMs: settings.graceMs,
        facts: factsOf(plan.walls),
        signal,
      });
      return new Container(id, plan.name, uid, stream, connection, makers);
    } catch (thrown) {
      stream?.destroy();
      await discard(plan.name, makers, created);
      await uid.release();
      throw startFailure(toSoulboxError(thrown), stream?.diagnosis ?? '');
    }
  }

  /** Of the runs as the agent counts, of the container as the engine does. */
  async stats(withinMs: number): Promise<BoxStats> {
    const [{ runs }, box] = await Promise.all([
      this.connection.stats(withinMs),
      containerStats(this.#makers.engine, this.id),
    ]);
    return { box, runs };
  }

  /** Of its agent, on the host. */
  get uid(): number {
    return this.#uid.base;
  }

  /** Goes on without this process. What holds its uid is for whoever sees to it from now on. */
  leave(): UidBlock {
    this.#stream.destroy();
    return this.#uid;
  }

  /** The engine says that it is dead. */
  lose(): void {
    this.#stream.destroy();
  }

  /** Ends everything in it; resolves once the engine has nothing of it left. A second call waits for the first. */
  remove(): Promise<void> {
    this.#gone ??= this.#remove();
    return this.#gone;
  }

  async #remove(): Promise<void> {
    await this.connection.shutdown(askedMs);
    await discard(this.name, this.#makers, true);
    await this.#uid.release();
  }
}

/** Removes it, or gives it up to the janitor: where the engine fails, and where it may yet come to be. */
async function discard(name: string, { engine, names }: ContainerMakers, isThere: boolean): Promise<void> {
  try {
    await removeContainer(engine, name);
    if (isThere) names.free(name);
    else names.abandon(name);
  } catch {
    names.abandon(name);
  }
}

async function attach(engine: Engine, id: string, signal: AbortSignal): Promise<AttachedStream> {
  const options = { stream: true, hijack: true, stdin: true, stdout: true, stderr: true };
  const attached = await engine.call(
    'attach to a container',
    (docker, abortSignal) => docker.getContainer(id).attach({ ...options, abortSignal }),
    { signal },
  );
  return new AttachedStream(attached as Duplex);
}

function startFailure(error: SoulboxError, diagnosis: string): SoulboxError {
  if (diagnosis === '' || !['sandbox_lost', 'deadline_exceeded', 'agent_protocol'].includes(error.code))
    return startable(error);
  return (
    saidByProcess(diagnosis) ?? startable(new SoulboxError(error.code, error.message, { cause: new Error(diagnosis) }))
  );
}

/** What an agent says of itself is about a box that is there; here there is none yet. */
function startable(error: SoulboxError): SoulboxError {
  if (!['sandbox_lost', 'deadline_exceeded', 'agent_protocol'].includes(error.code)) return error;
  return new SoulboxError('sandbox_unavailable', 'the agent in the container did not answer', {
    details: {
      advice: ['Build the image anew: soulbox images build. The log of the host has what the container said.'],
    },
    cause: error.cause ?? error,
  });
}

/** Removes a container whatever its state; one that is not there is no error. */
export async function removeContainer(engine: Engine, name: string): Promise<void> {
  for (;;) {
    try {
      await engine.call('remove a container', (docker, abortSignal) =>
        docker.getContainer(name).remove({ force: true, v: true, abortSignal } as object),
      );
    } catch (thrown) {
      if (isMissing(thrown)) return;
      // It removes itself just now.
      if (toSoulboxError(thrown).code !== 'conflict') throw thrown;
    }
    await sleep(pauseMs);
  }
}
