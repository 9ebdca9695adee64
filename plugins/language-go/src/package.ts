import { posix } from 'node:path';
import type { PlanInput } from '@soulbox/plugin-sdk';
import { chooseEntry } from '@soulbox/plugin-sdk/toolchain';

export const extensions = ['.go'];
const entryRules = { codeName: 'main.go', usual: ['main.go'], extensions };

type Files = PlanInput['files'];

export interface GoPackage {
  /** The files, each with a name that Go accepts. */
  readonly files: Files;
  /** Where the module's go.mod lies; `undefined` where the files are no module. */
  readonly module: string | undefined;
  /** What to build, relative to the module's folder: its files, or the folder where Go itself shall choose them. */
  readonly build: readonly string[];
}

/** Go takes no file whose name begins like an option; the compiler is told the name that it really has. */
function acceptable(file: Files[number]): Files[number] {
  const { dir, base } = posix.parse(file.path);
  if (!base.endsWith('.go') || !/^[-@]/.test(base)) return file;
  const line = base.includes('\n') ? '' : `//line ${base}:1:1\n`;
  return { path: posix.join(dir, `file${base}`), content: Buffer.concat([Buffer.from(line), file.content]) };
}

/** Whether a program could begin in this file. */
function definesMain(content: Uint8Array): boolean {
  return /^func\s+main\s*\(/m.test(Buffer.from(content).toString());
}

function nearestModule(folder: string, files: Files): string | undefined {
  for (let place = folder; ; place = posix.dirname(place)) {
    if (files.some(({ path }) => path === posix.join(place, 'go.mod'))) return place;
    if (place === '.') return undefined;
  }
}

/**
 * The package that the entry belongs to: every Go file of its folder but tests, and but those in which another program
 * begins.
 * @throws SoulboxError `invalid_params` when nothing could be the entry
 */
export function choosePackage(input: PlanInput): GoPackage {
  const chosen = chooseEntry(input, entryRules);
  const renamed = chosen.files.map(acceptable);
  const entry = renamed[chosen.files.findIndex(({ path }) => path === chosen.entry)]?.path ?? chosen.entry;
  const folder = posix.dirname(entry);
  const module = nearestModule(folder, renamed);
  const beside = renamed.filter(({ path }) => {
    const isGo = path.endsWith('.go') && !path.endsWith('_test.go');
    return isGo && path !== entry && posix.dirname(path) === folder;
  });
  const parts = beside.filter(({ content }) => !definesMain(content));
  const inModule = (path: string) => `./${posix.relative(module ?? '.', path)}`;
  // With a list of files Go leaves none out because of the system that its name or a constraint in it is for.
  const whole = module !== undefined && parts.length === beside.length;
  const build = whole ? [inModule(folder)] : [entry, ...parts.map(({ path }) => path)].map(inModule);
  return { files: renamed, module, build };
}
