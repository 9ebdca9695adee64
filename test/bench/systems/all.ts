import { bare, bareWithSite } from './bare.ts';
import { bwrap } from './bwrap.ts';
import { dockerExec, dockerRun } from './docker.ts';
import { goJudge } from './go-judge.ts';
import { isolate } from './isolate.ts';
import { jupyterNew, jupyterWarm } from './jupyter.ts';
import type { Resources } from './resources.ts';
import { soulboxSystems } from './soulbox.ts';
import type { System } from './system.ts';

/** Everything that is measured side by side. A new peer is one file beside these, and its line here. */
export const allSystems = (resources: Resources): readonly System[] => [
  bare(resources),
  bareWithSite(resources),
  bwrap(resources),
  isolate(resources),
  goJudge(resources),
  jupyterWarm(resources),
  jupyterNew(resources),
  dockerRun(resources),
  dockerExec(resources),
  ...soulboxSystems(resources),
];
