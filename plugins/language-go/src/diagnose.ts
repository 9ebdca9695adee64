import type { Diagnostic } from '@soulbox/plugin-sdk';
import { atOwnPlace, messageLines, placesInLines } from '@soulbox/plugin-sdk/toolchain';

/** `./main.go:3:2: undefined: x`; some of the linker's and of go.mod's have no column. */
const error = /^(?:go: |vet: )?(?<file>[^\s:#][^:]*):(?<line>\d+):(?:(?<column>\d+):)? (?<message>.+)$/;
const fatal = /^(?:panic|fatal error): (?<message>.+)$/;
/** Calls, innermost first, below `goroutine 1 [running]:`. */
const call = /^\t(?<file>.+):(?<line>\d+)(?: \+0x[0-9a-f]+)?$/;

function panics(stderr: string): Diagnostic[] {
  const lines = messageLines(stderr);
  const start = lines.findIndex((line) => fatal.test(line));
  const message = fatal.exec(lines[start] ?? '')?.groups?.['message'];
  if (message === undefined) return [];
  const places = lines.slice(start).flatMap((line) => {
    const { file, line: number } = call.exec(line)?.groups ?? {};
    return file === undefined ? [] : [{ file, line: Number(number) }];
  });
  return atOwnPlace(places, message);
}

/** The places that the compiler names, or the one where the program panicked. */
export function diagnose(stage: string, stderr: string): Diagnostic[] {
  return stage === 'compile' ? placesInLines(stderr, error) : panics(stderr);
}
