import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';

export interface Toolchains {
  /** The start of the command line for a program, by the ending of its file. */
  readonly commands: Readonly<Record<string, readonly string[]>>;
  /** What a box needs to have for them. */
  readonly paths: readonly string[];
}

const askPython =
  'import json, sys, sysconfig; print(json.dumps([sys.executable, sys.base_prefix, sysconfig.get_path("stdlib"), sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("INSTSONAME")]))';

/** The interpreters of this machine: python3 as found on PATH, this Node, and the shell. */
export async function findToolchains(): Promise<Toolchains> {
  const { stdout } = await promisify(execFile)('python3', ['-c', askPython]);
  const [executable, prefix, library, libraries, shared] = JSON.parse(stdout) as string[];
  const python = await realpath(executable!);
  const node = await realpath(process.execPath);
  const candidates = [python, node, library!, join(libraries!, shared!), join(prefix!, 'lib', 'libpython3.so')];
  return {
    commands: { '.py': [python, '-B', '-s'], '.js': [node], '.sh': ['/bin/sh'] },
    paths: [...new Set(candidates.filter((path) => path.includes('/') && existsSync(path)))],
  };
}

/** @throws Error for an ending that nothing here runs. */
export function commandFor({ commands }: Toolchains, file: string): readonly string[] {
  const command = commands[extname(file)];
  if (!command) throw new Error(`nothing runs ${file}`);
  return command;
}
