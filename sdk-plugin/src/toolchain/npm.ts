import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DependencyInput, DependencyPlan } from '../contracts/language.ts';
import { trustedCertificates } from './certificates.ts';
import { hostOf, matchDependencies, refuseDependencies } from './dependencies.ts';
import { boxEnvironment } from './environment.ts';
import { findCommand } from './probe.ts';

export interface Npm {
  /** The absolute path of `npm-cli.js`. */
  readonly script: string;
  /** What it is made of. */
  readonly paths: readonly string[];
}

/** A name, and a version, range or tag behind an `@`; nothing that npm would take for a URL, a repository or a file. */
const notation = /^(@[a-z0-9~][a-z0-9._~-]*\/)?[a-z0-9~][a-z0-9._~-]*(?<!\.(?:tgz|tar|tar\.gz))(@[\w^~<>=*.+ |-]+)?$/;

const distributed = '/usr/share/nodejs/'; // where Debian keeps npm in parts

/** The npm that came with a Node.js, else the one in `PATH`. */
export function findNpm(executable: string): Npm | undefined {
  const beside = join(dirname(executable), '../lib/node_modules/npm/bin/npm-cli.js');
  const scripts = [beside, ...findCommand('npm')].filter((path) => existsSync(path)).map((path) => realpathSync(path));
  const script = scripts.find((path) => path.endsWith('/bin/npm-cli.js'));
  if (script === undefined) return undefined;
  return { script, paths: [script.startsWith(distributed) ? distributed.slice(0, -1) : dirname(dirname(script))] };
}

export interface NpmInput extends DependencyInput {
  /** The URL of the registry. */
  readonly registry: string;
  readonly node: { readonly executable: string; readonly version: string; readonly npm: Npm | undefined };
}

/** Plans the installation of npm packages into the layer's `node_modules`, without their install scripts. */
export function npmDependencies({ dependencies, toolchain, registry, node }: NpmInput): DependencyPlan {
  matchDependencies(dependencies, notation, 'left-pad@1.3.0');
  if (!node.npm) return refuseDependencies('Node.js', 'install npm');
  const certificates = trustedCertificates(toolchain);
  const options = [
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--no-update-notifier',
    '--no-save',
    '--loglevel=error',
  ];
  const argv = [node.executable, node.npm.script, 'install', ...options];
  return {
    key: `npm ${process.arch} node ${node.version} ${registry}`,
    files: [{ path: 'layer/package.json', content: Buffer.from('{}\n') }],
    stages: [
      {
        name: 'install',
        argv: [...argv, `--registry=${registry}`, '--prefix=layer', '--cache=.npm', '--', ...dependencies],
        env: { ...boxEnvironment, ...(certificates === undefined ? {} : { NODE_EXTRA_CA_CERTS: certificates }) },
      },
    ],
    paths: [...node.npm.paths, ...(certificates === undefined ? [] : [certificates])],
    hosts: [hostOf(registry)],
  };
}

/**
 * Node.js finds packages in folders named `node_modules` above the file that imports them, so that a program needs one
 * in its own folder: a link to the layer's, or links in the one that it brought itself.
 */
const linkLayer = (layer: string) => `
import { existsSync, readdirSync, symlinkSync } from 'node:fs';
const packages = ${JSON.stringify(join(layer, 'node_modules'))};
if (!existsSync('node_modules')) symlinkSync(packages, 'node_modules');
else for (const name of readdirSync(packages))
  if (!existsSync('node_modules/' + name)) symlinkSync(packages + '/' + name, 'node_modules/' + name);
`;

/** Options with which Node.js runs a program that uses the packages of a layer. */
export function npmLayerOptions(layer: string | undefined): string[] {
  if (layer === undefined) return [];
  return ['--import', `data:text/javascript,${encodeURIComponent(linkLayer(layer))}`];
}
