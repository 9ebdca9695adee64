import type { Diagnostic } from '@soulbox/plugin-sdk';
import { atOwnPlace, messageLines } from '@soulbox/plugin-sdk/toolchain';

const place = /^ {2}File "(.+)", line (\d+)/;

/**
 * The innermost place of the program's own in the last traceback. Python shows a line without its indentation, so that
 * the mark below it does not tell the column.
 */
export async function diagnose(_stage: string, stderr: string): Promise<Diagnostic[]> {
  const lines = messageLines(stderr);
  const last = lines.lastIndexOf('Traceback (most recent call last):') + 1;
  const block = lines.slice(last);
  const places = block.flatMap((line, index) => {
    const [, file, number] = place.exec(line) ?? [];
    return file === undefined ? [] : [{ index, file, line: Number(number) }];
  });
  const innermost = places.at(-1);
  const message = innermost && block.slice(innermost.index + 1).find((line) => /^\S/.test(line));
  return message === undefined ? [] : atOwnPlace(places.toReversed(), message);
}
