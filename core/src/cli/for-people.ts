import { table } from './terminal.ts';

function cell(value: unknown): string {
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : value.toFixed(1);
  return typeof value === 'string' ? value : value === null || value === undefined ? '-' : JSON.stringify(value);
}

function isListOfObjects(value: unknown): value is Record<string, unknown>[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null);
}

/** A result that is only a text as it is, one that begins with a list of objects as a table, anything else as lines of `key: value`. */
export function forPeople(result: unknown): string {
  const entries = Object.entries((result ?? {}) as Record<string, unknown>);
  const [[onlyKey, text] = []] = entries;
  if (entries.length === 1 && onlyKey === 'text' && typeof text === 'string') return text;
  const list = entries[0]?.[1];
  if (!isListOfObjects(list)) return table(entries.map(([key, value]) => [`${key}:`, cell(value)]));
  if (list.length === 0) return 'none\n';
  const columns = Object.keys(list[0] ?? {}).filter((column) =>
    list.some((row) => typeof row[column] !== 'object' || row[column] === null),
  );
  return table([
    columns.map((column) => column.toUpperCase()),
    ...list.map((row) => columns.map((column) => cell(row[column]))),
  ]);
}
