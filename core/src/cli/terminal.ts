import type { CommandTerminal } from '@soulbox/plugin-sdk';

/** Where the command line reads and writes; tests put their own in its place. */
export type Terminal = CommandTerminal;

/** Writes and waits until the bytes are taken, so that nothing is cut off at the end of the process. */
export function write(stream: NodeJS.WritableStream, data: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(data, (error) => (error ? reject(error) : resolve()));
  });
}

const codes = {
  bold: ['1', '22'],
  dim: ['2', '22'],
  green: ['32', '39'],
  yellow: ['33', '39'],
  red: ['31', '39'],
} as const;
export type Style = keyof typeof codes;
export type Paint = (style: Style, text: string) => string;
/** Writes a line for people. */
export type Say = (line: string) => Promise<void>;

/** Styles text for people, and leaves it plain for programs and for those who set NO_COLOR. */
export function styler(stream: { readonly isTTY?: boolean }): Paint {
  const plain = stream.isTTY !== true || (process.env['NO_COLOR'] ?? '') !== '';
  return (style, text) => (plain ? text : `\u001b[${codes[style][0]}m${text}\u001b[${codes[style][1]}m`);
}

/** Rows as columns, each as wide as its widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.length)));
  return rows
    .map(
      (row) =>
        row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd() + '\n',
    )
    .join('');
}

/** A time for people. */
export function ms(value: number): string {
  return `${value.toFixed(0)} ms`;
}
