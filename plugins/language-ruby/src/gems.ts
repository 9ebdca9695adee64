import type { DependencyInput, DependencyPlan } from '@soulbox/plugin-sdk';
import { boxEnvironment, hostOf, matchDependencies, trustedCertificates } from '@soulbox/plugin-sdk/toolchain';
import type { Config } from './config.ts';
import type { Interpreter } from './interpreter.ts';

/** A name, and a version or a requirement behind a colon; nothing that RubyGems would take for a file. */
const notation = /^[A-Za-z0-9_][\w.-]*(?<!\.gem)(?::(?:(?:~>|[<>!]?=|[<>]) ?)?\d[\w.-]*)?$/;

const gem = 'require "rubygems/gem_runner"; Gem::GemRunner.new.run(ARGV.clone)';

/** Plans the installation of gems. Those with extensions in C need a compiler, which boxes have only by configuration. */
export function gemDependencies(
  { dependencies, toolchain }: DependencyInput,
  { executable, version }: Pick<Interpreter, 'executable' | 'version'>,
  { source, downloads }: Pick<Config, 'source' | 'downloads'>,
): DependencyPlan {
  matchDependencies(dependencies, notation, 'rack:3.0.0');
  const certificates = trustedCertificates(toolchain);
  const options = ['--norc', '--no-document', '--no-user-install', '--quiet', '--remote', '--clear-sources'];
  return {
    key: `gem ${process.arch} ruby ${version} ${source}`,
    files: [],
    stages: [
      {
        name: 'install',
        argv: [
          ...[executable, '-e', gem, '--', 'install', ...options],
          ...['--source', source, '--install-dir', 'layer', ...dependencies],
        ],
        env: { ...boxEnvironment, ...(certificates === undefined ? {} : { SSL_CERT_FILE: certificates }) },
      },
    ],
    paths: certificates === undefined ? [] : [certificates],
    hosts: [hostOf(source), ...downloads],
  };
}
