import { parseArgs } from 'node:util';
import { allPrograms } from '../languages/programs/all.ts';

/** How much is measured. */
export interface Extent {
  readonly languages: readonly string[];
  /** Of these languages, those that all numbers of clients are tried with; of the others, the small ones. */
  readonly detailed: readonly string[];
  /** Numbers of clients at one time, ascending. */
  readonly clients: readonly number[];
  readonly rounds: number;
  /** Executions of a system in a round, one at a time. */
  readonly samples: number;
  /** Of one system in a round, per number of clients, and per language with load at half of the most. */
  readonly loadMs: number;
  /** Rest between two systems, so that what one still does is not measured with the next. */
  readonly settleMs: number;
}

export interface BenchOptions extends Extent {
  /** Parts of the names of systems and sections; all where it is empty. */
  readonly only: readonly string[];
  readonly isQuick: boolean;
  readonly out: string;
}

const allLanguages = allPrograms.map(({ language }) => language);

/** Everything, in about half an hour on two cores. */
const full: Extent = {
  languages: allLanguages,
  detailed: ['python', 'javascript'],
  clients: [1, 2, 4, 8, 16, 32, 64],
  rounds: 5,
  samples: 12,
  loadMs: 600,
  settleMs: 40,
};

/** Enough to see that everything works and prints what it should. */
const quick: Extent = {
  ...full,
  languages: ['python', 'javascript'],
  detailed: ['python'],
  clients: [1, 32],
  rounds: 1,
  samples: 2,
  loadMs: 200,
};

/** A list of numbers or words, given with commas. */
const list = (text: string): string[] => text.split(',').map((word) => word.trim());

/** An option that takes a number. @throws Error naming it */
export function whole(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name} takes whole numbers from 1, not ${text}`);
  return value;
}

/** @throws Error that says what is wrong with which option */
export function parseOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      out: { type: 'string', default: '.bench-report' },
      only: { type: 'string', multiple: true },
      languages: { type: 'string' },
      clients: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
    },
  });
  const extent = values.quick ? quick : full;
  const languages = values.languages === undefined ? extent.languages : list(values.languages);
  const unknown = languages.filter((language) => !allLanguages.includes(language));
  if (unknown.length > 0)
    throw new Error(`unknown languages: ${unknown.join(', ')}; there are ${allLanguages.join(', ')}`);
  const clients = values.clients === undefined ? extent.clients : list(values.clients).map((n) => whole('clients', n));
  return {
    ...extent,
    out: values.out,
    isQuick: values.quick,
    only: (values.only ?? []).flatMap(list),
    languages,
    clients: clients.toSorted((a, b) => a - b),
    ...(values.rounds === undefined ? {} : { rounds: whole('rounds', values.rounds) }),
  };
}
