import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Elsewhere, Seen } from './report/goals.ts';
import { short } from './report/format.ts';
import type { SoakSample, SoakVerdict } from './soak.ts';

const leastSoak = 100_000;

/** What `npm run bench -- soak` has left in the same folder, if it was long enough. */
async function soakFigure(folder: string): Promise<Seen | string> {
  const text = await readFile(join(folder, 'soak.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return 'see `npm run bench -- soak`';
  const { samples, verdict } = JSON.parse(text) as { samples: SoakSample[]; verdict: SoakVerdict };
  const executions = samples.at(-1)?.executions ?? 0;
  if (executions < leastSoak) return `only ${executions} executions`;
  const { grown, p99Ratio } = verdict;
  const flat = grown.length === 0 ? 'flat' : `grew: ${grown.join('; ')}`;
  return { value: grown.length === 0 ? p99Ratio : Infinity, text: `${short(p99Ratio)}, ${flat}` };
}

/** Figures to reach that are not of systems side by side, before any of them is measured. */
export async function figuresElsewhere(folder: string): Promise<Elsewhere> {
  return { start: 'not measured here', hostCost: 'not measured here', soak: await soakFigure(folder) };
}
