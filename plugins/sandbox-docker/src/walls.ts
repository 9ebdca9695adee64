import { isSoulboxError } from '@soulbox/plugin-sdk';
import type { DockerBox } from './box.ts';
import type { Walls } from './container-options.ts';

const trial = {
  id: 'walls',
  files: [],
  stages: [{ name: 'run', argv: ['/usr/local/bin/soulbox-agent', 'canary', '/none'], env: {}, stdin: false }],
  limits: {
    wallMs: 5000,
    cpuMs: 5000,
    memoryBytes: 64 * 1024 * 1024,
    outputBytes: 4096,
    processes: 4,
    diskBytes: 1024 * 1024,
  },
};

/**
 * Whether an agent can build inner boxes in a container here; where it cannot, the container itself is the box.
 * @throws what `make` throws, except that a container cannot be had with inner boxes.
 */
export async function workingWalls(make: () => Promise<DockerBox>, signal: AbortSignal): Promise<Walls> {
  // It is kept for as long as the host runs: a machine that was merely busy gets a second try.
  return (await isInner(make, signal)) || (await isInner(make, signal)) ? 'inner' : 'container';
}

async function isInner(make: () => Promise<DockerBox>, signal: AbortSignal): Promise<boolean> {
  let box: DockerBox | undefined;
  try {
    box = await make();
    for await (const event of box.run(trial, { signal }))
      if (event.type === 'end' && event.outcome.verdict === 'ok') return true;
    return false;
  } catch (thrown) {
    if (isSoulboxError(thrown) && thrown.code === 'sandbox_unavailable') return false;
    throw thrown;
  } finally {
    await box?.destroy();
  }
}
