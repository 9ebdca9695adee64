import { readFileSync } from 'node:fs';
import type { WarmProgram } from '@soulbox/plugin-sdk';

const source = readFileSync(new URL('../../python/waiting.py', import.meta.url), 'utf8');

/** Variables that the interpreter, or the C library, reads when it starts. */
const startVariables = ['PYTHON', 'LANG', 'LC_', 'TZ', 'HOME', 'LD_', 'MALLOC_', 'GLIBC_', 'OPENSSL_'];

/** A text as JSON has it is one in Python too. */
function starter(preload: readonly string[], forks: boolean): string {
  return `soulbox = {"__name__": "soulbox"}
exec(compile(${JSON.stringify(source)}, "<soulbox>", "exec"), soulbox)
soulbox["wait"](${JSON.stringify(preload)}, ${forks ? 'True' : 'False'})
try:
    exec(soulbox["program"](), soulbox["main"])
except BaseException as error:
    soulbox["failed"](error)
soulbox["finish"]()
`;
}

/**
 * Interpreters that have the modules `preload` loaded and wait for a program, each for one of its own. A zygote runs
 * outside of the boxes of its forks: where the environment leads to modules that a client chose, each is started in its box.
 */
export function waitingInterpreter(
  executable: string,
  env: WarmProgram['env'],
  preload: readonly string[],
): WarmProgram {
  const kind = env['PYTHONPATH'] === undefined ? 'fork' : 'start';
  return { kind, argv: [executable, '-c', starter(preload, kind === 'fork')], env, startVariables };
}
