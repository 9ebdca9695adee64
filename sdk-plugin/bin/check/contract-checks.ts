import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { Cache, ConsolePanel, LanguageRuntime, SandboxDriver, ScalingPolicy, Store } from '@soulbox/plugin-sdk';
import type { PluginWay, StartOptions } from '../../conformance/both-ways.ts';
import { cacheSuite } from '../../conformance/cache.ts';
import { consolePanelSuite } from '../../conformance/console-panel.ts';
import { languageRuntimeSuite } from '../../conformance/language-runtime.ts';
import { sandboxDriverSuite } from '../../conformance/sandbox-driver.ts';
import { scalingPolicySuite } from '../../conformance/scaling-policy.ts';
import { storeSuite } from '../../conformance/store.ts';
import { runPlanUnsandboxed } from '../../testing/run-plan-unsandboxed.ts';

/** Registers what a contract demands of every plugin, as far as it can be tried without the author's help. */
type ContractCheck = (way: PluginWay, options: StartOptions) => void | Promise<void>;

/** What a shell needs to run in a box, where the driver does not bring it itself. */
const shellPaths = ['/bin', '/lib', '/lib64', '/usr/bin', '/usr/lib', '/usr/lib64'];

const checks: Readonly<Record<string, ContractCheck>> = {
  cache: (way, options) => cacheSuite({ create: () => way.start({ cache: Cache }, options) }),
  'scaling-policy': (way, options) =>
    scalingPolicySuite({ create: () => way.start({ policy: ScalingPolicy }, options) }),
  store: (way, options) => storeSuite({ create: () => way.start({ store: Store }, options) }),
  'console-panel': (way, options) => consolePanelSuite({ create: () => way.start({ panel: ConsolePanel }, options) }),
  'language-runtime': async (way, options) => {
    const create = () => way.start({ runtime: LanguageRuntime }, options);
    const { available, reason } = await asked(create, ({ runtime }) => runtime.describe());
    if (available) languageRuntimeSuite({ create, run: runPlanUnsandboxed });
    else skip('LanguageRuntime', `it says that it is not available here: ${reason}`);
  },
  'sandbox-driver': async (way, options) => {
    const start = () => way.start({ driver: SandboxDriver }, options);
    const { signal } = new AbortController();
    const { available, reason } = await asked(start, ({ driver }) => driver.probe({ signal }));
    if (available)
      sandboxDriverSuite('', { create: start, shell: '/bin/sh', paths: shellPaths.filter((path) => existsSync(path)) });
    else skip('SandboxDriver', `it says that it is not available here: ${reason}`);
  },
  'auth-provider': () => skip('AuthProvider', 'only the author has credentials: authProviderSuite tries it with them'),
  transport: () => skip('Transport', 'only the author has a client: transportSuite tries it with that'),
};

/** Asks a plugin that is started for nothing else. */
async function asked<S extends { dispose(): Promise<void> }, A>(
  start: () => Promise<S>,
  ask: (started: S) => Promise<A>,
): Promise<A> {
  const started = await start();
  try {
    return await ask(started);
  } finally {
    await started.dispose();
  }
}

/** Registers the checks of what a plugin provides under one token. */
export async function checkContract(tokenId: string, way: PluginWay, options: StartOptions): Promise<void> {
  const check = Object.hasOwn(checks, tokenId) ? checks[tokenId] : undefined;
  if (check) await check(way, options);
  else skip(tokenId, 'a contract of others: this SDK has no suite for it');
}

function skip(name: string, reason: string): void {
  test(`${name} keeps its contract`, { skip: reason });
}
