import type { DependencyInput, DependencyPlan } from '@soulbox/plugin-sdk';
import { boxEnvironment, hostOf, matchDependencies, trustedCertificates } from '@soulbox/plugin-sdk/toolchain';
import type { Config } from './config.ts';
import { buildVariables } from './library.ts';
import type { GoToolchain } from './toolchains.ts';

/** As one says after `go get`. */
const notation = /^[a-z0-9][a-z0-9.-]*\.[a-z]+(?:\/[A-Za-z0-9._~-]+)*(?:@[A-Za-z0-9.+_-]+)?$/;

/** The module is made by Go itself, so that it is for the language of this very version. */
const fetch = `set -e
mkdir layer
cd layer
export GOMODCACHE="$PWD/modules"
"$0" mod init main
exec "$0" get "$@"`;

/** Fetches modules, and those that they need, into a module cache in the layer. */
export function modulesPlan(input: DependencyInput, toolchain: GoToolchain, config: Config): DependencyPlan {
  const { go, library, version } = toolchain;
  const { registry, checksums } = config;
  const wanted = matchDependencies(input.dependencies, notation, 'github.com/google/uuid@v1.6.0').map(
    ([whole]) => whole,
  );
  const certificates = trustedCertificates(input.toolchain);
  const env = {
    ...boxEnvironment,
    ...buildVariables,
    GOCACHE: library,
    GOPROXY: registry,
    GOSUMDB: checksums,
    ...(certificates === undefined ? {} : { SSL_CERT_FILE: certificates }),
  };
  return {
    key: `go ${version} ${registry} ${checksums}`,
    files: [],
    stages: [{ name: 'fetch', argv: ['/bin/sh', '-c', fetch, go, ...wanted], env, stdin: false }],
    paths: certificates === undefined ? [] : [certificates],
    hosts: [
      ...(registry.startsWith('file:') ? [] : [hostOf(registry)]),
      ...(checksums === 'off' ? [] : [`${checksums}:443`]),
    ],
  };
}
