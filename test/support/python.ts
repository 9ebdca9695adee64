import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** The one that Debian's packages of modules are for, where it is there. */
export const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';

/** What to give as a test's `skip`: `false` when Python has all of these modules. */
export function needsModules(...modules: readonly string[]): false | string {
  const { status } = spawnSync(python, ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' });
  return status === 0 ? false : `needs ${modules.join(', ')} for ${python}: see test/support/components.sh`;
}
