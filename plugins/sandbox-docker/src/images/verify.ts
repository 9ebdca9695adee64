import { readFile } from 'node:fs/promises';
import { toSoulboxError } from '@soulbox/plugin-sdk';
import { digestOf } from '../canary-image.ts';
import { agentLabel } from '../labels.ts';
import type { ImageMakers } from './builder.ts';
import { runInBoxOf } from './in-box.ts';
import type { ImageOfLanguage } from './language-images.ts';

/** What package managers leave behind. */
const residue = ['/var/lib/apt/lists', '/var/cache/apt', '/var/cache/apk', '/var/lib/dnf', '/root/.cache'];

export interface Verification {
  readonly digest: string | null;
  readonly version: string;
  /** What is wrong with it; empty when nothing is. */
  readonly problems: readonly string[];
}

/**
 * Looks at an image without changing it: whether boxes can be made of it, with the agent of this host and as an
 * ordinary user, whether it is tidy, and whether it runs its language. What is wrong is told, not thrown.
 * @throws as {@link Engine.call} for the engine as a whole
 */
export async function verifyImage(
  { runtime, image, canary }: ImageOfLanguage,
  { driver, locate }: Pick<ImageMakers, 'driver' | 'locate'>,
  signal: AbortSignal,
): Promise<Verification> {
  const report = await driver.image!(image.reference, { signal });
  const { digest, labels } = report;
  const version = labels['soulbox.language.version'] ?? '';
  if (!report.available) return { digest, version, problems: [report.reason ?? 'not available'] };
  const problems: string[] = [];
  if (labels[agentLabel] !== digestOf(await readFile(locate()))) problems.push('does not say that it has this agent');
  if (version === '') problems.push('does not say the version of its toolchain');
  for (const check of [
    () => findResidue(driver, image.reference, signal),
    () => runCanary({ runtime, canary }, driver, image.reference, signal),
  ]) {
    const problem = await check().catch((thrown: unknown) => toSoulboxError(thrown).message);
    if (problem !== undefined) problems.push(problem);
  }
  return { digest, version, problems };
}

async function findResidue(
  driver: ImageMakers['driver'],
  image: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const script = 'for folder; do [ -z "$(ls -A "$folder" 2>/dev/null)" ] || echo "$folder"; done';
  const argv = ['/bin/sh', '-c', script, 'sh', ...residue];
  const stages = [{ name: 'residue', argv, env: { PATH: '/usr/bin:/bin' }, stdin: false }];
  const { stdout, outcome } = await runInBoxOf(driver, image, { files: [], stages }, signal);
  if (outcome.verdict !== 'ok') return 'could not be searched for what package managers leave behind';
  const found = stdout.split('\n').filter(Boolean);
  return found.length > 0 ? `holds what a package manager left in ${found.join(', ')}` : undefined;
}

async function runCanary(
  { runtime, canary }: Pick<ImageOfLanguage, 'runtime' | 'canary'>,
  driver: ImageMakers['driver'],
  image: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const files = [{ path: '', content: Buffer.from(canary.code) }];
  const plan = await runtime.plan({ entry: undefined, files, args: [], toolchain: 'image' });
  if (!plan.ok) return `cannot run the canary: ${plan.message}`;
  const stages = plan.stages.map((stage) => ({ ...stage, stdin: false }));
  const { stdout, stderr, outcome } = await runInBoxOf(driver, image, { files: plan.files, stages }, signal);
  if (outcome.verdict === 'ok' && stdout === canary.stdout) return undefined;
  const said = stderr.trim().slice(0, 200);
  return `does not run its language: the canary ended with verdict ${outcome.verdict}${said ? `: ${said}` : ''}`;
}
