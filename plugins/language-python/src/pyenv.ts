import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { atLeast, outermost } from '@soulbox/plugin-sdk/toolchain';
import { withoutPackages, type Interpreter } from './library.ts';

export const oldest = '3.9';

const named = (folder: string, name: RegExp) =>
  existsSync(folder) ? readdirSync(folder).flatMap((found) => (name.test(found) ? [join(folder, found)] : [])) : [];

/**
 * The versions that pyenv built. They all lie as it lays them, so that none needs to be started to know what it is
 * made of: a host with a dozen of them starts as fast as one without.
 */
export function pyenvInterpreters(
  packages: boolean,
  versions: string = join(homedir(), '.pyenv/versions'),
): Interpreter[] {
  const prefixes = named(versions, /^3\.\d+\.\d+$/);
  return prefixes.flatMap((prefix) => {
    const version = prefix.slice(versions.length + 1);
    const [, short = ''] = /^(3\.\d+)/.exec(version) ?? [];
    const executable = join(prefix, `bin/python${short}`);
    const library = join(prefix, `lib/python${short}`);
    if (!atLeast(version, oldest) || !existsSync(executable) || !existsSync(library)) return [];
    return {
      executable,
      version,
      paths: outermost([
        executable,
        ...(packages ? [library] : withoutPackages(library)),
        ...named(join(prefix, 'lib'), /^libpython3.*\.so/),
      ]),
      pip: named(join(library, 'ensurepip/_bundled'), /^pip-.*\.whl$/).at(-1),
    };
  });
}
