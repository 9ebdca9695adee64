import { basename } from 'node:path';

/** Longer first lines are no interpreter's. */
const longest = 256;

/**
 * The program that the first line `#!` names, without folder; `undefined` where there is none. Of `env` it is the first
 * of its operands.
 */
export function interpreterOf(code: string): string | undefined {
  const first = code.slice(0, longest).split('\n', 1)[0]?.trim() ?? '';
  if (!first.startsWith('#!')) return undefined;
  const [program = '', ...rest] = first.slice(2).trim().split(/\s+/);
  const name = basename(program);
  if (name !== 'env') return name || undefined;
  const operand = rest.find((word) => !word.startsWith('-') && !word.includes('='));
  return operand === undefined ? undefined : basename(operand);
}

/** The names an interpreter goes by: its own, and without the version at its end. */
export function interpreterNames(interpreter: string): readonly string[] {
  return [interpreter, interpreter.replace(/-?\d[\d.]*$/, '')];
}
