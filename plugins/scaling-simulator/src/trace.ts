import { SoulboxError } from '@soulbox/plugin-sdk';

/** One execution that somebody asks for. */
export interface Arrival {
  /** In milliseconds, on any clock. */
  readonly at: number;
  readonly language: string;
  readonly tenant: string;
  /** How long the program runs, its start apart, in milliseconds. */
  readonly runMs: number;
}

/** Executions in the order of their times. */
export type Trace = readonly Arrival[];

export const usualTenant = 'default';
const usualRunMs = 100;
const columns = ['time', 'language', 'tenant', 'duration'];

function refuse(line: number, problem: string): never {
  throw new SoulboxError('invalid_params', `line ${line}: ${problem}`, { details: { field: 'trace', line } });
}

function secondsOf(text: string, what: string, line: number): number {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value)) refuse(line, `"${text.slice(0, 40)}" is not ${what}`);
  return value;
}

/** Seconds, or a time such as 2026-01-31T12:00:00Z, as milliseconds. */
function timeOf(text: string, line: number): number {
  const date = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(date)
    ? secondsOf(text, 'a time in seconds, nor one such as 2026-01-31T12:00:00Z', line) * 1_000
    : date;
}

/**
 * Reads `time,language[,tenant][,duration]`: the first line names the columns, times and durations are in seconds. Lines
 * may be in any order. @throws invalid_params with the line
 */
export function readTrace(text: string): Trace {
  const lines = text.split(/\r?\n/);
  const names = (lines[0] ?? '').split(',').map((name) => name.trim());
  const strange = names.find((name) => !columns.includes(name));
  if (strange !== undefined) refuse(1, `there is no column "${strange.slice(0, 40)}", only ${columns.join(', ')}`);
  const column = new Map(names.map((name, index) => [name, index]));
  if (!column.has('time') || !column.has('language')) refuse(1, 'the columns time and language are needed');
  const arrivals: Arrival[] = [];
  lines.slice(1).forEach((content, index) => {
    if (content.trim() === '') return;
    const line = index + 2;
    const cells = content.split(',').map((cell) => cell.trim());
    if (cells.length !== names.length) refuse(line, `there are ${cells.length} cells, not ${names.length}`);
    const cell = (name: string) => cells[column.get(name) ?? -1] ?? '';
    const language = cell('language') || refuse(line, 'there is no language');
    const runMs =
      cell('duration') === '' ? usualRunMs : secondsOf(cell('duration'), 'a duration in seconds', line) * 1_000;
    if (runMs < 0) refuse(line, 'a duration cannot be negative');
    arrivals.push({ at: timeOf(cell('time'), line), language, tenant: cell('tenant') || usualTenant, runMs });
  });
  if (arrivals.length === 0) refuse(lines.length, 'there is nothing in the trace');
  return arrivals.toSorted((a, b) => a.at - b.at);
}

/** What {@link readTrace} reads. */
export function writeTrace(trace: Trace): string {
  const seconds = (ms: number) => Number((ms / 1_000).toFixed(3));
  const lines = trace.map(
    ({ at, language, tenant, runMs }) => `${seconds(at)},${language},${tenant},${seconds(runMs)}`,
  );
  return ['time,language,tenant,duration', ...lines, ''].join('\n');
}
