import { execFile } from 'node:child_process';
import { readFile, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { locateAgent } from '@soulbox/plugin-sdk/agent';
import { needs } from '../needs.ts';
import { root } from '../soulbox.ts';

const run = promisify(execFile);
const script = join(root, 'test/support/docker/engine.sh');

/** What to give as a test's `skip`. Who is not root need not have the engine's programs on the PATH, in CI neither. */
export const noEngine: false | string =
  process.geteuid?.() === 0 ? needs('dockerd', 'containerd', 'docker', 'busybox') : 'only root can start an engine';

/** A Docker engine of one's own, with an image of programs of this machine. */
export class DockerEngine {
  /** Everything of it, its mounts too. */
  readonly folder: string;
  readonly host: string;
  private readonly options: readonly string[];

  private constructor(folder: string, options: readonly string[]) {
    this.folder = folder;
    this.options = options;
    this.host = `unix://${folder}/docker.sock`;
  }

  /** `paths` is what its image has of this machine, as engine.sh takes it; `options` are those of dockerd. */
  static async start(image: string, paths: readonly string[], options: readonly string[] = []): Promise<DockerEngine> {
    const engine = new DockerEngine(await mkdtemp(join(tmpdir(), 'soulbox-own-engine-')), options);
    try {
      await engine.startAgain();
      await run(script, ['image', engine.folder, image, locateAgent(), ...paths]);
    } catch (error) {
      await engine.stop();
      throw error;
    }
    return engine;
  }

  async startAgain(): Promise<void> {
    await run(script, ['start', this.folder, ...this.options]);
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    process.kill((await this.pids())[0], signal);
  }

  /** Of dockerd and of its containerd. */
  async pids(): Promise<[number, number]> {
    const read = async (name: string) => Number(await readFile(join(this.folder, name), 'latin1'));
    return [await read('docker.pid'), await read('containerd.pid')];
  }

  /** Runs the engine's own client and resolves with the lines that it prints. */
  async docker(...args: string[]): Promise<string[]> {
    const { stdout } = await run('docker', ['--host', this.host, ...args]);
    return stdout.split('\n').filter((line) => line !== '');
  }

  /** The ids of all containers, running or not. */
  containers(): Promise<string[]> {
    return this.docker('ps', '--all', '--quiet', '--no-trunc');
  }

  async stop(): Promise<void> {
    await run(script, ['stop', this.folder]);
  }
}
