import { resolve } from 'node:path';
import { isSystemLibrary } from './paths.ts';
import { ToolchainUnusable, findCommand, probeText } from './probe.ts';

/** What programs are linked with, without what every box has. A program linked statically has no such libraries. */
export async function sharedLibraries(programs: readonly string[]): Promise<string[]> {
  const [ldd] = findCommand('ldd');
  if (ldd === undefined) return [];
  try {
    const { stdout } = await probeText(ldd, programs, { keep: true });
    const found = [...stdout.matchAll(/=> (\/.+) \(0x/g)].map(([, path = '']) => resolve(path));
    return [...new Set(found)].filter((path) => !isSystemLibrary(path));
  } catch (thrown) {
    if (!(thrown instanceof ToolchainUnusable)) throw thrown;
    // One of them is no dynamic program, which is all that this says of a single one.
    const each = programs.length === 1 ? [] : await Promise.all(programs.map((program) => sharedLibraries([program])));
    return [...new Set(each.flat())];
  }
}
