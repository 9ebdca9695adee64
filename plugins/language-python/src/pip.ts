import type { DependencyInput, DependencyPlan } from '@soulbox/plugin-sdk';
import {
  boxEnvironment,
  hostOf,
  matchDependencies,
  refuseDependencies,
  trustedCertificates,
} from '@soulbox/plugin-sdk/toolchain';
import type { Config } from './config.ts';
import type { Interpreter } from './library.ts';

/** A name, extras in brackets, and versions, as in PEP 508, without URLs, paths and markers. */
const notation =
  /^[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?(?:\[[\w.,-]+\])?(?:(?:[=~!<>]=|===|[<>])[\w.*+!-]+(?:,(?!$)|$))*$/;

/** Plans the installation of packages from an index, as they were built by their authors: nothing of them runs. */
export function pipDependencies(
  { dependencies, toolchain }: DependencyInput,
  { executable, version, pip }: Interpreter,
  { index, downloads }: Pick<Config, 'index' | 'downloads'>,
): DependencyPlan {
  matchDependencies(dependencies, notation, 'requests==2.32.3');
  if (pip === undefined) return refuseDependencies('Python', 'install python3-pip-whl, or a Python with ensurepip');
  const certificates = trustedCertificates(toolchain);
  const options = [
    '--isolated',
    '--disable-pip-version-check',
    '--no-input',
    '--no-cache-dir',
    '--no-compile',
    '--quiet',
  ];
  const trust = certificates === undefined ? [] : [`--cert=${certificates}`];
  return {
    key: `pip ${process.arch} python ${version} ${index}`,
    files: [],
    stages: [
      {
        name: 'install',
        argv: [
          ...[executable, '-m', 'pip', 'install', ...options, ...trust],
          ...['--only-binary=:all:', `--index-url=${index}`, '--target=layer', '--', ...dependencies],
        ],
        env: { ...boxEnvironment, PYTHONPATH: pip },
      },
    ],
    paths: [pip, ...(certificates === undefined ? [] : [certificates])],
    hosts: [hostOf(index), ...downloads],
  };
}
