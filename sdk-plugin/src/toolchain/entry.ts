import type { PlanInput } from '../contracts/language.ts';
import { SoulboxError } from '../errors.ts';

export interface EntryRules {
  /** The name that a single piece of code without a name gets, e.g. `main.py`. */
  readonly codeName: string;
  /** Names that are the entry where nobody says otherwise, the first that is there. */
  readonly usual: readonly string[];
  /** Endings, with the dot, of the files that can be run. */
  readonly extensions: readonly string[];
}

export interface ChosenEntry {
  readonly entry: string;
  /** The files, each with a name. */
  readonly files: PlanInput['files'];
}

function noEntry(path: 'entry' | 'files', message: string): SoulboxError {
  return new SoulboxError('invalid_params', `${path}: ${message}`, { details: { problems: [{ path, message }] } });
}

/**
 * Finds the file to run: `entry` where it is given, else the usual name, else the only file with a fitting ending.
 * @throws SoulboxError `invalid_params` when `entry` is not among the files, or nothing decides.
 */
export function chooseEntry(input: Pick<PlanInput, 'entry' | 'files'>, rules: EntryRules): ChosenEntry {
  const files = input.files.map((file) => (file.path === '' ? { ...file, path: rules.codeName } : file));
  const names = files.map((file) => file.path);
  const unnamed = input.files.find((file) => file.path === '');
  if (input.entry !== undefined) {
    if (!names.includes(input.entry)) throw noEntry('entry', 'is not one of files');
    return { entry: input.entry, files };
  }
  const runnable = names.filter((name) => rules.extensions.some((ending) => name.endsWith(ending)));
  const entry =
    (unnamed && rules.codeName) ??
    rules.usual.find((name) => names.includes(name)) ??
    (runnable.length === 1 ? runnable[0] : undefined);
  if (entry === undefined) {
    const found = runnable.length === 0 ? `has no file that ends in ${rules.extensions.join(', ')}` : 'has several';
    throw noEntry('files', `${found}; name one ${rules.usual[0]}, or say which with entry`);
  }
  return { entry, files };
}

/** A relative path that no program takes for an option: `-x.py` becomes `./-x.py`. */
export function asOperand(path: string): string {
  return path.startsWith('-') ? `./${path}` : path;
}
