import { readFile } from 'node:fs/promises';
import { SoulboxError, type SandboxDriver } from '@soulbox/plugin-sdk';
import { digestOf } from '../canary-image.ts';
import type { Engine } from '../engine.ts';
import { agentLabel } from '../labels.ts';
import { buildImage } from './build.ts';
import type { BuildProgress } from './build-output.ts';
import { imageFiles } from './context.ts';
import { runInBoxOf } from './in-box.ts';
import type { ImageOfLanguage } from './language-images.ts';
import type { ImageSettings } from './settings.ts';

/** In a Dockerfile: the command, without a shell, that prints the version of the toolchain. */
const commandLabel = 'soulbox.language.version-command';
const versionLabel = 'soulbox.language.version';

export interface ImageMakers {
  readonly engine: Engine;
  readonly driver: Pick<SandboxDriver, 'create' | 'run' | 'destroy' | 'image'>;
  readonly settings: ImageSettings;
  /** Finds the agent's program. */
  readonly locate: () => string;
}

export interface BuiltImage {
  readonly digest: string;
  /** `''` where the image does not say how to ask for it. */
  readonly version: string;
}

/**
 * Builds the image of a language under its reference. It gets the name only once a box could be made of it and its
 * toolchain has told its version.
 * @throws image_unavailable, deadline_exceeded, cancelled; as {@link Engine.call} and {@link SandboxDriver.create}
 */
export async function buildLanguageImage(
  { language, image }: ImageOfLanguage,
  { engine, driver, settings, locate }: ImageMakers,
  { anew, onProgress, signal }: { anew: boolean; onProgress: (progress: BuildProgress) => void; signal: AbortSignal },
): Promise<BuiltImage> {
  const agent = await readFile(locate());
  const labels = { 'soulbox.language': language, [agentLabel]: digestOf(agent) };
  const id = await buildImage(
    engine,
    {
      files: await imageFiles(image.folder, agent),
      arguments: { ...settings.arguments, BASE: settings.base },
      labels,
      anew,
    },
    settings,
    onProgress,
    signal,
  );
  const version = await versionIn(driver, id, signal);
  const files = [{ name: 'Dockerfile', content: `FROM ${id}\n` }];
  const told = version === '' ? {} : { [versionLabel]: version };
  const digest = await buildImage(
    engine,
    { files, arguments: {}, labels: { ...labels, ...told }, tag: image.reference },
    settings,
    () => undefined,
    signal,
  );
  return { digest, version };
}

/** Makes a box of the image, and asks its toolchain in it, where the image says how. */
async function versionIn(driver: ImageMakers['driver'], id: string, signal: AbortSignal): Promise<string> {
  const labels = (await driver.image?.(id, { signal }))?.labels ?? {};
  const argv = labels[commandLabel]?.split(' ').filter(Boolean) ?? [];
  if (argv.length === 0) {
    const { id: box } = await driver.create({ paths: [], image: id, labels: { purpose: 'image' } }, { signal });
    await driver.destroy(box);
    return '';
  }
  const stages = [{ name: 'version', argv, env: {}, stdin: false }];
  const { stdout, stderr, outcome } = await runInBoxOf(driver, id, { files: [], stages }, signal);
  const version = /\d+(?:\.\d+)+/.exec(stdout + stderr)?.[0];
  if (outcome.verdict === 'ok' && version !== undefined) return version;
  throw new SoulboxError('image_unavailable', 'the toolchain in the image does not tell its version', {
    details: { verdict: outcome.verdict, output: (stdout + stderr).slice(0, 2000) },
  });
}
