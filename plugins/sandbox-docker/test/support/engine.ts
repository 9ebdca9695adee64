import { execFile } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { locateAgent } from '@soulbox/plugin-sdk/agent';
import { DockerDriver, SettingsSchema, type Settings } from '../../src/driver.ts';

const run = promisify(execFile);
const script = fileURLToPath(new URL('../../../../../test/support/docker/engine.sh', import.meta.url));

/** An image of every engine here: a shell, its tools and the agent. */
export const image = 'soulbox/test';

/** What to give as a test's `skip`. Starting an engine takes its programs, and root. */
export const noEngine: false | string =
  process.geteuid?.() !== 0
    ? 'only root can start an engine'
    : !['dockerd', 'containerd', 'docker', 'busybox'].every(onPath) && 'needs dockerd: see test/support/components.sh';

function onPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** A Docker engine that belongs to one test file. */
export class TestEngine {
  readonly folder: string;
  readonly #options: readonly string[];

  private constructor(folder: string, options: readonly string[]) {
    this.folder = folder;
    this.#options = options;
  }

  /** `folder` is made where none is given; `options` are dockerd's. */
  static async start({
    folder,
    options = [],
  }: { folder?: string; options?: readonly string[] } = {}): Promise<TestEngine> {
    const engine = new TestEngine(folder ?? (await mkdtemp(join(tmpdir(), 'soulbox-engine-'))), options);
    await engine.startAgain();
    await run(script, ['image', engine.folder, image, locateAgent()]);
    return engine;
  }

  get socket(): string {
    return join(this.folder, 'docker.sock');
  }

  get host(): string {
    return `unix://${this.socket}`;
  }

  get pid(): number {
    return Number(readFileSync(join(this.folder, 'docker.pid'), 'latin1'));
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  async startAgain(): Promise<void> {
    await run(script, ['start', this.folder, ...this.#options]);
  }

  async stop(): Promise<void> {
    await run(script, ['stop', this.folder]);
  }

  /** Runs the engine's own client. */
  async docker(...args: string[]): Promise<string> {
    return (await run('docker', ['--host', this.host, ...args], { maxBuffer: 2 ** 26 })).stdout.trim();
  }

  /** The names of all containers, running or not. */
  async containers(): Promise<string[]> {
    const names = await this.docker('ps', '--all', '--format', '{{.Names}}');
    return names === '' ? [] : names.split('\n').toSorted();
  }

  driver(settings: Partial<Settings> = {}, deploymentId = `test${process.pid}`): DockerDriver {
    return new DockerDriver({ deploymentId, settings: SettingsSchema.parse({ host: this.host, image, ...settings }) });
  }
}
