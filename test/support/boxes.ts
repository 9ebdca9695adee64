import { join } from 'node:path';
import { SandboxDriver } from '@soulbox/plugin-sdk';
import { createTestHost } from '@soulbox/plugin-sdk/testing';
import linux from '@soulbox/plugin-sandbox-linux';
import { cacheFolder } from './soulbox.ts';

/** The sandboxes of this machine's kernel, as a test host's plugins name them. */
export const boxes = { 'sandbox-linux': { plugin: linux } };

/** Where tests keep the compiled standard library of Go. */
export const goCache = join(cacheFolder, 'soulbox', 'go');

/** Why no box can be built here, or `false`. In CI one must be. */
export async function whyNoBox(): Promise<string | false> {
  await using host = await createTestHost({ plugins: boxes });
  const found = host.service<SandboxDriver>(SandboxDriver, 'linux');
  const report = await found?.probe({ signal: AbortSignal.timeout(60_000) });
  if (report?.available === true || process.env['CI']) return false;
  return `no sandbox can be built here: ${report?.reason ?? 'the driver did not start'}`;
}
