import { closeSync, openSync, readSync, readdirSync, realpathSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { findCommand } from './probe.ts';

/** Whether a command is a script: a version manager's, which chooses a program by where and how it is called. */
export function isScript(path: string): boolean {
  const start = Buffer.alloc(2);
  const file = openSync(path, 'r');
  try {
    readSync(file, start);
  } finally {
    closeSync(file);
  }
  return start.toString('latin1') === '#!';
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The programs among some paths, each once, without symbolic links. What is not there is left out, and so are scripts. */
export function programsAmong(paths: readonly string[]): string[] {
  const programs = paths.flatMap((path) => findCommand(path)).filter((path) => !isScript(path));
  return [...new Set(programs.map((path) => realpathSync(path)))];
}

/** Paths in the folders of `PATH` whose names fit: `python3.12`. */
export function namedInPath(name: RegExp, path: string = process.env['PATH'] ?? ''): string[] {
  const folders = path.split(delimiter).filter((folder) => isAbsolute(folder));
  return folders.flatMap((folder) => entries(folder).flatMap((found) => (name.test(found) ? join(folder, found) : [])));
}

/** A path below each folder of `parent`, as version managers lay them out: `~/.pyenv/versions/*` with `bin/python3`. */
export function belowEach(parent: string, path: string): string[] {
  return entries(parent).map((name) => join(parent, name, path));
}
