import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * What to give as a test's `skip`: `false` when every program is on the PATH, else a reason that begins with "needs".
 * The test runner turns such a skip into a failure in CI, where components.sh beside this file has installed everything.
 */
export function needs(...programs: readonly string[]): false | string {
  const missing = programs.filter((program) => !onPath(program));
  return missing.length === 0 ? false : `needs ${missing.join(', ')}: see test/support/components.sh`;
}

function onPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => executable(join(folder, program)));
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
