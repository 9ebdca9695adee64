import { readFile } from 'node:fs/promises';
import type { Enforcement } from '../../src/contracts/enforcement.ts';
import type { DriverReport, SandboxDriver, SandboxSpec } from '../../src/contracts/sandbox.ts';
import { isSoulboxError } from '../../src/errors.ts';
import { canaryRun, judgeCanary, plantSecret } from './canary.ts';
import { enforcementFrom } from './enforcement.ts';
import type { HostIdentity } from './host-identity.ts';

export interface ProbeOptions {
  /** The agent's own program, which the canary is. */
  readonly program: string;
  readonly deploymentId: string;
  readonly identity: HostIdentity;
  /** What the box is made of, beside labels. */
  readonly spec?: Omit<SandboxSpec, 'labels'>;
  /** What an operator can do to have more enforced. */
  readonly adviceFor: (enforced: Enforcement) => readonly string[];
  readonly signal: AbortSignal;
}

/** The report of a driver that can make no box here. */
export function unavailable(reason: string, advice: readonly string[] = []): DriverReport {
  const enforced: Enforcement = { ...enforcementFrom(new Map()), level: 'none' };
  return { available: false, reason, enforced, capabilities: [], advice };
}

/** Builds a box, runs the agent's own program in it as a canary, and reports what it met. */
export async function probeWithCanary(
  driver: Pick<SandboxDriver, 'create' | 'run' | 'destroy'>,
  { program, deploymentId, identity, spec = { paths: [] }, adviceFor, signal }: ProbeOptions,
): Promise<DriverReport> {
  const secret = await plantSecret(deploymentId, identity);
  let box: string | undefined;
  try {
    ({ id: box } = await driver.create({ ...spec, labels: { purpose: 'canary' } }, { signal }));
    let output = '';
    for await (const event of driver.run(box, canaryRun(await readFile(program), secret), { signal })) {
      if (event.type === 'stdout') output += Buffer.from(event.data).toString('latin1');
      if (event.type !== 'end') continue;
      const { verdict, enforced } = event.outcome;
      const wrong =
        verdict === 'ok' ? judgeCanary(output, secret, enforced) : `the canary ended with verdict ${verdict}`;
      return wrong === null
        ? { available: true, reason: null, enforced, capabilities: ['stats'], advice: adviceFor(enforced) }
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
