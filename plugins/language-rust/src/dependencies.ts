import type { DependencyInput, DependencyPlan } from '@soulbox/plugin-sdk';
import {
  atLeast,
  boxEnvironment,
  hostOf,
  matchDependencies,
  refuseDependencies,
  trustedCertificates,
} from '@soulbox/plugin-sdk/toolchain';
import type { Config } from './config.ts';
import type { RustToolchain } from './toolchains.ts';

const cratesIo = { index: 'https://index.crates.io/', downloads: 'static.crates.io:443' };

/** The first that reads sparse indexes; earlier ones fetch the whole index by Git. */
const oldest = '1.68';

/** As one says after `cargo add`. */
const notation =
  /^(?<name>[A-Za-z][\w-]{0,63})(?:@(?<version>[\w.^~=<>*+-]{1,64}))?(?: --features (?<features>[\w-]+(?:,[\w-]+)*))?$/;

/** The package that is compiled where a program brings none. */
export function packageTable(edition: string): string {
  return `[package]\nname = "main"\nversion = "0.0.0"\nedition = "${edition}"\n`;
}

function dependencyTable(dependencies: readonly string[]): string {
  const lines = matchDependencies(dependencies, notation, 'serde@1.0.210 --features derive').map(({ groups }) => {
    const { name, version = '*', features } = groups ?? {};
    const list = features?.split(',').map((feature) => JSON.stringify(feature)) ?? [];
    return `${name} = { version = ${JSON.stringify(version)}, features = [${list.join(', ')}] }\n`;
  });
  return `\n[dependencies]\n${lines.join('')}`;
}

/** Fetches crates, and those that they need, as sources in the layer's folder `vendor`. */
export function cratesPlan(input: DependencyInput, toolchain: RustToolchain, config: Config): DependencyPlan {
  const { cargo, rustc, version } = toolchain;
  const table = dependencyTable(input.dependencies);
  const isOld = version !== '' && !atLeast(version, oldest);
  if (cargo === undefined || isOld) refuseDependencies('rust', `install Cargo ${oldest} or later, with rustup for one`);
  const file = (path: string, text: string) => ({ path, content: Buffer.from(text) });
  const index = config.registry ?? cratesIo.index;
  const certificates = trustedCertificates(input.toolchain);
  const env = {
    ...boxEnvironment,
    CARGO_HOME: '.cargo-home',
    RUSTC: rustc,
    ...(certificates === undefined ? {} : { CARGO_HTTP_CAINFO: certificates }),
  };
  const mirror = [
    'source.crates-io.replace-with="mirror"',
    `source.mirror.registry=${JSON.stringify(`sparse+${index.replace(/\/?$/, '/')}`)}`,
  ].flatMap((setting) => ['--config', setting]);
  const vendor = [
    'vendor',
    '--quiet',
    '--respect-source-config',
    '--manifest-path',
    'layer/Cargo.toml',
    'layer/vendor',
  ];
  const argv = [cargo, ...(config.registry === undefined ? [] : mirror), ...vendor];
  return {
    key: `cargo ${version} ${index}`,
    files: [
      file('layer/Cargo.toml', `${packageTable(config.edition)}${table}`),
      file('layer/dependencies.toml', table),
      file('layer/src/lib.rs', ''),
    ],
    stages: [{ name: 'fetch', argv, env, stdin: false }],
    paths: certificates === undefined ? [] : [certificates],
    hosts: [hostOf(index), ...(config.registry === undefined ? [cratesIo.downloads] : []), ...config.registryHosts],
  };
}
