import { readFileSync } from 'node:fs';
import {
  SoulboxError,
  type ContextPlan,
  type LanguageRuntime,
  type LiveSandboxInfo,
  type PreparedCell,
} from '@soulbox/plugin-sdk';

/** How cells of a language are run in one sandbox. */
export interface ContextLanguage {
  readonly name: string;
  readonly plan: ContextPlan;
  prepare(code: string): Promise<PreparedCell>;
}

const shellSource = readFileSync(new URL('../../shell/cells.sh', import.meta.url), 'utf8');

/** Every sandbox has a shell. The better one, where it is there. */
const shell: ContextLanguage = {
  name: 'shell',
  plan: {
    argv: ['/bin/sh', '-c', 'command -v bash >/dev/null && exec bash -c "$0"; eval "$0"', shellSource],
    env: {},
    preamble: new Uint8Array(0),
  },
  prepare: async (code) => ({ ok: true, code }),
};
const shellNames = ['shell', 'sh', 'bash'];

async function find(languages: ReadonlyMap<string, LanguageRuntime>, wanted: string) {
  for (const [name, runtime] of languages) {
    if (name === wanted) return { name, runtime };
    const { aliases } = await (runtime.about?.() ?? runtime.describe());
    if (aliases.includes(wanted)) return { name, runtime };
  }
  const names = [...languages.keys(), shell.name].join(', ');
  throw new SoulboxError('language_unknown', `there is no language "${wanted}", only ${names}`);
}

const jupyterPrefix = 'jupyter:';
const kernelName = /^[A-Za-z0-9._-]{1,64}$/;
const bridge = readFileSync(new URL('../../jupyter/bridge.py', import.meta.url), 'utf8');

/** Any kernel that is installed in the sandbox, over a program there that speaks its protocol. */
function jupyter(kernel: string, python: ContextPlan): ContextLanguage {
  const [executable = 'python3'] = python.argv;
  // The kernel warns of how Debian builds Python, on the streams of the first cell.
  const env = { ...python.env, PYDEVD_DISABLE_FILE_VALIDATION: '1' };
  return {
    name: jupyterPrefix + kernel,
    plan: { argv: [executable, '-c', bridge, kernel], env, preamble: new Uint8Array(0) },
    prepare: async (code) => ({ ok: true, code }),
  };
}

interface Wanted {
  readonly name: string;
  readonly version: string | undefined;
}

async function planned(
  languages: ReadonlyMap<string, LanguageRuntime>,
  { languages: there, image }: LiveSandboxInfo,
  { name: wanted, version }: Wanted,
): Promise<ContextLanguage> {
  const { name, runtime } = await find(languages, wanted);
  if (!runtime.context) throw new SoulboxError('unsupported', `${name} has no contexts`);
  if (image === null && !there.includes(name))
    throw new SoulboxError('language_unavailable', `the sandbox was made without ${name}`, {
      details: { languages: [...there] },
    });
  const toolchain = image === null ? 'host' : 'image';
  return {
    name,
    plan: await runtime.context({ toolchain, ...(version === undefined ? {} : { version }) }),
    prepare: async (code) => (await runtime.contextCell?.(code)) ?? { ok: true, code },
  };
}

/**
 * `jupyter:NAME` is the kernel of that name, run by the Python of the sandbox.
 * @throws language_unknown, language_unavailable, unsupported for a language that has no contexts
 */
export async function contextLanguage(
  languages: ReadonlyMap<string, LanguageRuntime>,
  sandbox: LiveSandboxInfo,
  { name, version }: Wanted,
): Promise<ContextLanguage> {
  if (shellNames.includes(name)) return shell;
  if (!name.startsWith(jupyterPrefix)) return planned(languages, sandbox, { name, version });
  const kernel = name.slice(jupyterPrefix.length);
  if (!kernelName.test(kernel)) throw new SoulboxError('language_unknown', 'that is no name of a Jupyter kernel');
  return jupyter(kernel, (await planned(languages, sandbox, { name: 'python', version })).plan);
}
