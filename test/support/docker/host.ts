import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { startHost, type RunningHost, type StartOptions } from '../running-host.ts';
import { root } from '../soulbox.ts';
import { findToolchains } from '../toolchains.ts';
import { DockerEngine } from './engine.ts';

/** The image that engines of {@link startEngine} have. */
export const languageImage = 'soulbox/languages';
const languages = ['python', 'javascript'];

/** An engine with an image of this machine's Python, Node.js and shell; Python is where its plugin looks for it too. */
export async function startEngine(): Promise<DockerEngine> {
  const { commands, paths } = await findToolchains();
  return DockerEngine.start(languageImage, [...paths, `${commands['.py']![0]}=/usr/bin/python3.11`]);
}

export interface HostOptions extends StartOptions {
  readonly engine?: DockerEngine;
  /** More of the configuration of sandbox-docker, as YAML. */
  readonly docker?: string;
}

/** A host with Python and JavaScript only, on whichever drivers the configuration names. */
export function startHostOn({ engine, docker = '', plugins = '', ...options }: HostOptions): Promise<RunningHost> {
  const others = readdirSync(join(root, 'plugins')).filter(
    (name) => name.startsWith('language-') && !languages.includes(name.slice('language-'.length)),
  );
  const entries = [
    ...others.map((name) => `${name}: false`),
    `language-python: { config: { image: ${languageImage} } }`,
    engine
      ? `sandbox-docker: { config: { host: '${engine.host}'${docker && `, ${docker}`} } }`
      : 'sandbox-docker: false',
  ];
  return startHost({ ...options, plugins: `${entries.map((entry) => `  ${entry}`).join('\n')}\n${plugins}` });
}
