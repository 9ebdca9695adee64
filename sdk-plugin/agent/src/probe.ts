import { readFile } from 'node:fs/promises';
import { isSoulboxError, type DriverReport, type Enforcement, type SandboxDriver } from '@soulbox/plugin-sdk';
import { enforcementFrom } from '@soulbox/plugin-sdk/agent';
import { canaryRun, judgeCanary, plantSecret } from './canary.ts';
import type { HostIdentity } from './host-identity.ts';

const delegation =
  'For limits held by cgroups, run the host as root or in a delegated cgroup: systemd-run --user --scope -p Delegate=yes soulbox start';

export function unavailable(reason: string, advice: readonly string[] = []): DriverReport {
  const enforced: Enforcement = { ...enforcementFrom(new Map()), level: 'none' };
  return { available: false, reason, enforced, capabilities: [], advice };
}

/** Builds a box, runs the agent's own program in it as a canary, and reports what it met. */
export async function probe(
  driver: SandboxDriver,
  program: string,
  deploymentId: string,
  identity: HostIdentity,
  signal: AbortSignal,
): Promise<DriverReport> {
  const secret = await plantSecret(deploymentId, identity);
  let box: string | undefined;
  try {
    ({ id: box } = await driver.create({ paths: [], labels: { purpose: 'canary' } }, { signal }));
    let output = '';
    for await (const event of driver.run(box, canaryRun(await readFile(program), secret), { signal })) {
      if (event.type === 'stdout') output += Buffer.from(event.data).toString('latin1');
      if (event.type !== 'end') continue;
      const { verdict, enforced } = event.outcome;
      const wrong =
        verdict === 'ok' ? judgeCanary(output, secret, enforced) : `the canary ended with verdict ${verdict}`;
      return wrong === null
        ? { available: true, reason: null, enforced, capabilities: [], advice: adviceFor(enforced) }
        : unavailable(wrong);
    }
    return unavailable('the canary did not end');
  } catch (error) {
    if (!isSoulboxError(error)) return unavailable('the canary failed');
    const advice: unknown = error.details?.['advice'];
    return unavailable(error.message, Array.isArray(advice) ? advice.map(String) : [error.entry.advice]);
  } finally {
    if (box !== undefined) await driver.destroy(box);
    await secret.remove();
  }
}

function adviceFor(enforced: Enforcement): string[] {
  const advice: string[] = [];
  if (![enforced.memory, enforced.processes, enforced.cpu].every((held) => held.startsWith('cgroup-')))
    advice.push(delegation);
  if (enforced.user !== 'own-uid')
    advice.push(
      'For host uids of their own, run the host as root: it gives each sandbox a block and keeps none of its power.',
    );
  if (enforced.seccomp === 'none') advice.push('Use a kernel with seccomp filters (CONFIG_SECCOMP_FILTER).');
  return advice;
}
