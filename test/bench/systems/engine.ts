import { DockerEngine, noEngine } from '../../support/docker/engine.ts';
import { languageImage } from '../../support/docker/host.ts';
import { needsImages } from '../../support/images.ts';
import type { Toolchains } from '../../support/toolchains.ts';
import { countInGroup } from '../measure/counted-group.ts';
import { output } from './commands.ts';

/** A Docker engine, and the images that it has for languages. */
export interface BenchEngine {
  readonly host: string;
  /** Those with an image that programs can be started in by a command. */
  readonly languages: readonly string[];
  /** Those with an image that the plugin of the language can use. */
  readonly pluginLanguages: readonly string[];
  /** The image of one of {@link languages}. */
  image(language: string): string;
  /** Of the engine, its containers, and all that it starts for them. `null` where nobody counts it apart. */
  processorMs(): Promise<number | null>;
  /** The first process of each container of a deployment, as this machine knows it; none where it is another machine's. */
  containers(deploymentId: string): Promise<readonly number[]>;
  stop(): Promise<void>;
}

/** Languages whose toolchains an image of this machine's own files can have. */
const ownLanguages = ['python', 'javascript'];
/** What the plugins of JavaScript and TypeScript expect of the Node.js in their images. */
const oldestNodeInImages = 24;

/** Why there is neither an engine with the images of languages nor one that can be started, or `null`. */
export async function whyNoEngine(): Promise<string | null> {
  if (process.env['DOCKER_HOST'] && (await needsImages(['python'])) === false) return null;
  return noEngine || null;
}

/**
 * The engine of DOCKER_HOST where it has the images of languages, which bring toolchains of their own; otherwise one of
 * one's own, with an image of this machine's Python and Node.js: the same files as elsewhere.
 */
export async function startBenchEngine(toolchains: Toolchains): Promise<BenchEngine> {
  const given = process.env['DOCKER_HOST'];
  if (given && (await needsImages(['python'])) === false) return givenEngine(given);
  const { commands, paths } = toolchains;
  const group = `soulbox-bench-${process.pid}`;
  const places = [`${commands['.py']![0]}=/usr/bin/python3.11`, `${commands['.js']![0]}=/usr/local/bin/node`];
  const engine = await DockerEngine.start(languageImage, [...paths, ...places], ['--cgroup-parent', `/${group}`]);
  // Containers are not its children, and what starts them ends as a child of nobody.
  const counted = await countInGroup(group, await engine.pids());
  return {
    host: engine.host,
    languages: ownLanguages,
    pluginLanguages: Number.parseInt(process.versions.node) < oldestNodeInImages ? ['python'] : ownLanguages,
    image: () => languageImage,
    processorMs: async () => (counted ? counted.readMs() : null),
    containers: (deploymentId) => firstProcesses(engine.host, deploymentId),
    stop: async () => {
      await engine.stop();
      await counted?.remove();
    },
  };
}

async function givenEngine(host: string): Promise<BenchEngine> {
  const all = ['python', 'javascript', 'typescript', 'go', 'java', 'cpp', 'rust', 'ruby', 'php'];
  const missing = await Promise.all(all.map((language) => needsImages([language])));
  const lines = await output(['docker', 'image', 'ls', '--format', '{{.Repository}}:{{.Tag}}']);
  const languages = all.filter((_, index) => missing[index] === false);
  return {
    host,
    languages,
    pluginLanguages: languages,
    image: (language) => lines.split('\n').find((line) => line.startsWith(`soulbox/language-${language}:`))!,
    processorMs: () => Promise.resolve(null),
    containers: async (deploymentId) => (host.startsWith('unix:') ? firstProcesses(host, deploymentId) : []),
    stop: () => Promise.resolve(),
  };
}

async function firstProcesses(host: string, deploymentId: string): Promise<readonly number[]> {
  const docker = ['docker', '--host', host];
  const filter = `label=soulbox.deployment=${deploymentId}`;
  const ids = (await output([...docker, 'ps', '--quiet', '--filter', filter])).split('\n').filter((id) => id !== '');
  if (ids.length === 0) return [];
  return (await output([...docker, 'inspect', '--format', '{{.State.Pid}}', ...ids])).trim().split('\n').map(Number);
}
