import { figuresElsewhere } from './elsewhere.ts';
import { machineFacts } from './measure/machine.ts';
import { parseOptions, type BenchOptions } from './options.ts';
import { writeReport } from './report/write.ts';
import { sectionSources, writeSections } from './sections.ts';
import { measure } from './suite.ts';
import { allSystems } from './systems/all.ts';
import { openResources, type Resources } from './systems/resources.ts';

/** What is asked for by name, of systems and of sections. @throws Error where nothing is called so */
function choose(resources: Resources, { only, isQuick }: BenchOptions) {
  const isChosen = (name: string): boolean =>
    only.length === 0 || only.some((word) => name.toLowerCase().includes(word.toLowerCase()));
  const all = allSystems(resources);
  const systems = all.filter(({ name }) => isChosen(name));
  const sources = sectionSources.filter(({ title, isLong }) => isChosen(title) && !(isQuick && isLong));
  const names = [...all.map(({ name }) => name), ...sectionSources.map(({ title }) => title)];
  if (systems.length + sources.length === 0) throw new Error(`nothing is called so; there are ${names.join(', ')}`);
  return { systems, sources };
}

/** Measures every system here and writes the report. Resolves with the exit code. @throws where an output was wrong */
export async function compareSystems(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  const machine = await machineFacts();
  const begun = performance.now();
  const say = (line: string): void =>
    console.error(`${((performance.now() - begun) / 1000).toFixed(0).padStart(5)} s  ${line}`);
  const resources = await openResources();
  try {
    const { systems, sources } = choose(resources, options);
    const measurements = await measure(systems, options, say);
    const { sections, figures } = await writeSections(sources, say);
    const elsewhere = { ...(await figuresElsewhere(options.out)), ...figures };
    const { rounds, samples, loadMs } = options;
    const took = ((performance.now() - begun) / 60_000).toFixed(1);
    const extent = `${rounds} rounds, up to ${samples} executions alone and ${loadMs} ms of load in each; ${took} minutes, ${new Date().toISOString()}.`;
    const { file, goals } = await writeReport(options.out, { machine, measurements, elsewhere, sections, extent });
    console.log(`${goals}\n\n${file}`);
    return 0;
  } finally {
    await resources.close();
  }
}
