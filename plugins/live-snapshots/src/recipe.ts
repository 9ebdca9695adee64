import { SoulboxError } from '@soulbox/plugin-sdk';

export type Instruction =
  | { readonly name: 'RUN'; readonly command: string }
  | { readonly name: 'COPY'; readonly from: readonly string[]; readonly to: string }
  | { readonly name: 'ENV'; readonly env: Readonly<Record<string, string>> }
  | { readonly name: 'WORKDIR'; readonly folder: string };

export interface Step {
  /** As it was written, on one line. */
  readonly text: string;
  readonly instruction: Instruction;
}

export interface Recipe {
  /** The template, or snapshot, that it begins with; `null`: an empty home folder. */
  readonly base: string | null;
  readonly steps: readonly Step[];
}

interface Line {
  readonly number: number;
  readonly text: string;
}

const mostSteps = 200;
const variable = /^[A-Za-z_][A-Za-z0-9_]*$/;

function wrong(number: number, message: string): SoulboxError {
  return new SoulboxError('invalid_params', `recipe, line ${number}: ${message}`, {
    details: { field: 'recipe', line: number },
  });
}

/** Without comments and empty lines; what is continued is one line. */
function linesOf(recipe: string): Line[] {
  const lines: Line[] = [];
  let begun: { number: number; parts: string[] } | undefined;
  for (const [index, raw] of recipe.split(/\r?\n/).entries()) {
    const text = raw.trim();
    if (text === '' || text.startsWith('#')) continue;
    begun ??= { number: index + 1, parts: [] };
    begun.parts.push(text.replace(/\\$/, '').trim());
    if (text.endsWith('\\')) continue;
    lines.push({ number: begun.number, text: begun.parts.join(' ') });
    begun = undefined;
  }
  if (begun) throw wrong(begun.number, 'nothing follows the last line that goes on');
  return lines;
}

/** Words; what is in quotes is one. */
function wordsOf({ number, text }: Line): string[] {
  const words = text.match(/(?:[^\s"']|"(?:\\.|[^"\\])*"|'[^']*')+/g) ?? [];
  const plain = words.map((word) =>
    word.replaceAll(/"((?:\\.|[^"\\])*)"|'([^']*)'/g, (_, double: string | undefined, single: string) =>
      double === undefined ? single : double.replaceAll(/\\(.)/g, '$1'),
    ),
  );
  if (
    words.join('').length < text.replaceAll(/\s/g, '').length &&
    /["']/.test(text.replaceAll(/"(?:\\.|[^"\\])*"|'[^']*'/g, ''))
  )
    throw wrong(number, 'a quote is not closed');
  return plain;
}

function envOf(line: Line): Readonly<Record<string, string>> {
  const env: Record<string, string> = {};
  for (const word of wordsOf(line)) {
    const equals = word.indexOf('=');
    const name = word.slice(0, Math.max(equals, 0));
    if (!variable.test(name)) throw wrong(line.number, 'ENV wants NAME=VALUE');
    env[name] = word.slice(equals + 1);
  }
  return env;
}

function instructionOf(name: string, rest: Line): Instruction {
  if (rest.text === '') throw wrong(rest.number, `${name} wants something after it`);
  switch (name) {
    case 'RUN':
      return { name, command: rest.text };
    case 'ENV':
      return { name, env: envOf(rest) };
    case 'WORKDIR': {
      const [folder, ...more] = wordsOf(rest);
      if (folder === undefined || more.length > 0) throw wrong(rest.number, 'WORKDIR wants one folder');
      return { name, folder };
    }
    case 'COPY': {
      const words = wordsOf(rest);
      const to = words.pop();
      if (to === undefined || words.length === 0) throw wrong(rest.number, 'COPY wants files, and where they go');
      return { name, from: words, to };
    }
    default:
      throw wrong(rest.number, `there is no instruction "${name.slice(0, 40)}": FROM, RUN, COPY, ENV or WORKDIR`);
  }
}

/**
 * Reads a recipe: as a Dockerfile is written, of `FROM TEMPLATE` (or `FROM scratch`, the default), `RUN`, `COPY`, `ENV` and
 * `WORKDIR`. @throws invalid_params with the line
 */
export function parseRecipe(recipe: string): Recipe {
  let base: string | null = null;
  const steps: Step[] = [];
  for (const [index, line] of linesOf(recipe).entries()) {
    const [, word = '', text = ''] = /^(\S+)\s*(.*)$/.exec(line.text)!;
    const name = word.toUpperCase();
    if (name === 'FROM') {
      if (index > 0) throw wrong(line.number, 'FROM can only be the first instruction');
      if (!/^\S{1,64}$/.test(text)) throw wrong(line.number, 'FROM wants one template, or scratch');
      base = text === 'scratch' ? null : text;
    } else steps.push({ text: `${name} ${text}`, instruction: instructionOf(name, { number: line.number, text }) });
  }
  if (steps.length > mostSteps) throw new SoulboxError('invalid_params', `a recipe has at most ${mostSteps} steps`);
  return { base, steps };
}
