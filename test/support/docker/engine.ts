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

/** What to give as a test's `skip`. */
export const noEngine: false | string =
  needs('dockerd', 'containerd', 'docker', 'busybox') ||
  (process.geteuid?.() === 0 ? false : 'dockerd runs as root only');

/** A Docker engine of one's own, with an image of programs of this machine. */
export class DockerEngine {
  /** Everything of it, its mounts too. */
  readonly folder: string;
  readonly host: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.host = `unix://${folder}/docker.sock`;
  }

  /** `paths` is what its image has of this machine, as engine.sh takes it. */
  static async start(image: string, paths: readonly string[]): Promise<DockerEngine> {
    const engine = new DockerEngine(await mkdtemp(join(tmpdir(), 'soulbox-own-engine-')));
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
    await run(script, ['start', this.folder]);
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    process.kill(Number(await readFile(join(this.folder, 'docker.pid'), 'latin1')), signal);
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
