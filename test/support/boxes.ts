import { join } from 'node:path';
import { LanguageRuntime, SandboxDriver, isSoulboxError } from '@soulbox/plugin-sdk';
import { createTestHost, type TestHost } from '@soulbox/plugin-sdk/testing';
import { setTimeout as delay } from 'node:timers/promises';
import linux from '@soulbox/plugin-sandbox-linux';

/** The sandboxes of this machine's kernel, as a test host's plugins name them. */
export const boxes = { 'sandbox-linux': { plugin: linux } };

/** Where tests keep the compiled standard library of Go: with the caches of the run, which the test runner removes. */
export const goCache = join(
  process.env['XDG_CACHE_HOME'] ?? `/var/tmp/soulbox-test-${process.getuid?.()}`,
  'soulbox/go',
);

/** Why no box can be built here, or `false`. In CI one must be. */
export async function whyNoBox(): Promise<string | false> {
  await using host = await createTestHost({ plugins: boxes });
  const found = host.service<SandboxDriver>(SandboxDriver, 'linux');
  const report = await found?.probe({ signal: AbortSignal.timeout(60_000) });
  if (report?.available === true || process.env['CI']) return false;
  return `no sandbox can be built here: ${report?.reason ?? 'the driver did not start'}`;
}

/** Waits until a language has done what it does once on a machine, as Go compiles its standard library. */
export async function whenPrepared(host: TestHost, language: string): Promise<void> {
  const runtime = host.service<LanguageRuntime>(LanguageRuntime, language);
  const { canary } = (await runtime?.describe()) ?? { canary: { code: '' } };
  for (;;)
    try {
      await runtime?.plan({ entry: undefined, files: [{ path: '', content: Buffer.from(canary.code) }], args: [] });
      return;
    } catch (thrown) {
      if (!isSoulboxError(thrown) || thrown.code !== 'overloaded') throw thrown;
      await delay(1000);
    }
}
