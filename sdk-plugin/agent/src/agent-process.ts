import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { SoulboxError, toSoulboxError } from '../../src/errors.ts';
import { AgentConnection, type AgentConnectionOptions } from './connection.ts';
import { launchFailure } from './launch-failure.ts';

const channelDescriptor = 3;
const heldDescriptor = 4;
const maximumDiagnosis = 4096;
/** How long an agent gets to end its programs and itself when it is asked to, and then when it is killed. */
const askedMs = 2000;
const forcedMs = 5000;

export interface LaunchOptions {
  /** Where paths of its arguments begin. Default: `/`. */
  readonly cwd?: string;
  /** A descriptor that it keeps open as long as the box is there. */
  readonly held?: number;
}

/** A launched agent: the process that this host started, and the connection to the agent in its box. */
export class AgentProcess {
  readonly connection: AgentConnection;
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;

  private constructor(child: ChildProcess, closed: Promise<unknown>, connection: AgentConnection) {
    this.#child = child;
    this.#closed = closed;
    this.connection = connection;
  }

  /** @throws sandbox_unavailable, with `details.advice`, if the box cannot be built; cancelled. */
  static async launch(
    program: string,
    boxArguments: readonly string[],
    options: AgentConnectionOptions & LaunchOptions,
  ): Promise<AgentProcess> {
    const { cwd = '/', held } = options;
    const holding = held === undefined ? [] : ['--hold', String(heldDescriptor)];
    const child = spawn(program, ['box', '--fd', String(channelDescriptor), ...holding, ...boxArguments], {
      env: {},
      cwd,
      // A session of its own: Ctrl-C at the host's terminal must not reach running work before the host drains it.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', ...(held === undefined ? [] : [held])],
    });
    const closed = once(child, 'close').catch(() => undefined);
    const diagnosis = collectLine(child);
    const channel = child.stdio[channelDescriptor] as Duplex | null | undefined;
    try {
      if (child.pid === undefined || !channel)
        throw new SoulboxError('sandbox_unavailable', 'the sandbox agent could not be started');
      return new AgentProcess(child, closed, await AgentConnection.open(channel, options));
    } catch (error) {
      const waited = child.pid === undefined || (await Promise.race([closed.then(() => true), sleep(200, false)]));
      if (!waited) child.kill('SIGKILL');
      await closed;
      throw launchFailure(diagnosis(), toSoulboxError(error));
    }
  }

  /** Leaves it to itself, for a box that stays: it goes on when this process ends. */
  leave(): void {
    this.connection.leave();
    this.#child.stderr?.destroy();
    this.#child.unref();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Ends the agent, and with it everything in its box: by asking, then by force. */
  async end(): Promise<void> {
    await this.connection.shutdown(askedMs);
    if (await this.#isClosed(askedMs)) return;
    this.#child.kill('SIGKILL');
    await this.#isClosed(forcedMs);
  }

  async #isClosed(withinMs: number): Promise<boolean> {
    const waiting = new AbortController();
    const timeout = sleep(withinMs, false, { signal: waiting.signal }).catch(() => false);
    const closed = await Promise.race([this.#closed.then(() => true), timeout]);
    waiting.abort();
    return closed;
  }
}

/** Reads standard error to its end, keeping the beginning. */
function collectLine(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    if (text.length < maximumDiagnosis) text += chunk.slice(0, maximumDiagnosis - text.length);
  });
  return () => text.split('\n', 1)[0]!.trim();
}
