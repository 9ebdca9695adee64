import type { Figures, Measurements } from '../suite.ts';
import { mebibytes, short } from './format.ts';
import { barChart, lineChart } from './svg.ts';

/** A file of the report. */
export interface Plot {
  readonly file: string;
  readonly title: string;
  readonly svg: string;
}

/** More points than a plot has dots would not be seen. */
function thinned(sorted: readonly number[]): [number, number][] {
  const every = Math.max(1, Math.floor(sorted.length / 200));
  return sorted.flatMap((value, index): [number, number][] =>
    index % every === 0 || index === sorted.length - 1 ? [[value, ((index + 1) / sorted.length) * 100]] : [],
  );
}

function latencies(language: string, figures: readonly Figures[]): Plot {
  const title = `${language}: time of one execution, one at a time`;
  return {
    file: `latency-${language}.svg`,
    title,
    svg: lineChart({
      title,
      x: { label: 'milliseconds', scale: 'log' },
      y: { label: '% of executions that took at most so long', scale: 'linear' },
      series: figures.map(({ system, alone }) => ({ name: system, points: thinned(alone.sorted) })),
    }),
  };
}

function throughput(language: string, figures: readonly Figures[]): Plot {
  const title = `${language}: executions per second`;
  return {
    file: `throughput-${language}.svg`,
    title,
    svg: lineChart({
      title,
      x: { label: 'clients', scale: 'log' },
      y: { label: 'executions per second', scale: 'log' },
      series: figures.map(({ system, loads }) => ({
        name: system,
        points: loads.map(({ clients, perSecond }) => [clients, perSecond.median] as const),
      })),
    }),
  };
}

function processorTime(language: string, figures: readonly Figures[]): Plot[] {
  const bars = figures.flatMap(({ system, loads }) => {
    const measured = loads.findLast(({ cpuMs }) => cpuMs !== undefined);
    if (!measured?.cpuMs) return [];
    const { median } = measured.cpuMs;
    return [{ name: `${system} (${measured.clients})`, value: median, text: `${short(median)} ms` }];
  });
  const title = `${language}: processor time per execution, with so many clients`;
  const label = 'milliseconds, of everything that took part';
  return bars.length === 0 ? [] : [{ file: `cpu-${language}.svg`, title, svg: barChart({ title, label, bars }) }];
}

function memory(figures: readonly Figures[]): Plot[] {
  const bars = figures.flatMap(({ system, language, waiting }) =>
    waiting
      ? [
          {
            name: `${system}, ${language}`,
            value: waiting.bytes / waiting.count / 2 ** 20,
            text: mebibytes(waiting.bytes / waiting.count),
          },
        ]
      : [],
  );
  const title = 'Memory of one sandbox that waits';
  const label = 'MiB, proportional set size';
  return bars.length === 0 ? [] : [{ file: 'memory.svg', title, svg: barChart({ title, label, bars }) }];
}

export function plots({ figures }: Measurements): readonly Plot[] {
  const languages = [...new Set(figures.map(({ language }) => language))];
  return [
    ...languages.flatMap((language) => {
      const own = figures.filter((one) => one.language === language);
      return [latencies(language, own), throughput(language, own), ...processorTime(language, own)];
    }),
    ...memory(figures),
  ];
}
