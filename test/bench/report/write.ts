import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { goalTable, markdown, type ReportParts } from './markdown.ts';
import { plots } from './plots.ts';

/** Writes `report.md`, its plots and `figures.json` into a folder. @returns the report's file and its first table */
export async function writeReport(
  folder: string,
  parts: Omit<ReportParts, 'plots'>,
): Promise<{ file: string; goals: string }> {
  const drawn = plots(parts.measurements);
  await mkdir(folder, { recursive: true });
  for (const { file, svg } of drawn) await writeFile(join(folder, file), svg);
  const data = { machine: parts.machine, extent: parts.extent, ...parts.measurements };
  await writeFile(join(folder, 'figures.json'), `${JSON.stringify(data)}\n`);
  const file = resolve(folder, 'report.md');
  await writeFile(file, markdown({ ...parts, plots: drawn }));
  return { file, goals: goalTable(parts.measurements, parts.elsewhere) };
}
