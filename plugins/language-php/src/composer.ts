import type { BoxFile, DependencyInput, DependencyPlan } from '@soulbox/plugin-sdk';
import {
  boxEnvironment,
  hostOf,
  matchDependencies,
  refuseDependencies,
  trustedCertificates,
} from '@soulbox/plugin-sdk/toolchain';
import type { Config } from './config.ts';
import type { Interpreter } from './interpreter.ts';
import { interpreterOptions } from './options.ts';

/** Vendor and name, and a constraint behind a colon. */
const notation = /^([a-z0-9](?:[_.-]?[a-z0-9]+)*\/[a-z0-9](?:(?:[_.]|-{1,2})?[a-z0-9]+)*)(?::([\w.*^~<>=!|, @-]+))?$/;

const phrase = (value: string) => `'${value.replace(/[\\']/g, '\\$&')}'`;

/** Makes a layer's classes known to a program, which also finds the layer where it expects its `vendor` folder. */
export function autoload(layer: string): BoxFile {
  const vendor = phrase(`${layer}/vendor`);
  const code = `<?php\nfile_exists('vendor') || symlink(${vendor}, 'vendor');\nrequire_once ${vendor} . '/autoload.php';\n`;
  return { path: '.soulbox/autoload.php', content: Buffer.from(code) };
}

function manifest(required: readonly RegExpExecArray[], repository: string): BoxFile {
  const content = {
    repositories: [{ type: 'composer', url: repository }, { 'packagist.org': false }],
    require: Object.fromEntries(required.map(([, name = '', constraint = '*']) => [name, constraint])),
    config: { 'allow-plugins': false, 'secure-http': !repository.startsWith('http:') },
  };
  return { path: 'layer/composer.json', content: Buffer.from(JSON.stringify(content)) };
}

/** Plans the installation of Composer packages into the layer's `vendor` folder, without their plugins and scripts. */
export function composerDependencies(
  { dependencies, toolchain }: DependencyInput,
  interpreter: Interpreter,
  { repository, downloads }: Pick<Config, 'repository' | 'downloads'>,
): DependencyPlan {
  const required = matchDependencies(dependencies, notation, 'monolog/monolog:3.7');
  const { executable, version, composer, extensions } = interpreter;
  if (!composer) return refuseDependencies('PHP', 'install composer');
  if (!extensions.includes('zip')) return refuseDependencies('PHP', 'install its extension zip (php-zip)');
  const certificates = trustedCertificates(toolchain);
  const options = ['--no-interaction', '--no-plugins', '--no-scripts', '--no-dev', '--prefer-dist', '--no-progress'];
  return {
    key: `composer ${process.arch} php ${version} ${repository}`,
    files: [manifest(required, repository)],
    stages: [
      {
        name: 'install',
        argv: [
          ...[executable, ...interpreterOptions(interpreter), composer.script],
          ...['update', '--quiet', ...options, '--working-dir=layer'],
        ],
        env: {
          ...boxEnvironment,
          COMPOSER_ALLOW_SUPERUSER: '1',
          COMPOSER_CACHE_DIR: '/dev/null',
          ...(certificates === undefined ? {} : { SSL_CERT_FILE: certificates }),
        },
      },
    ],
    paths: [...composer.paths, ...(certificates === undefined ? [] : [certificates])],
    hosts: [hostOf(repository), ...downloads],
  };
}
