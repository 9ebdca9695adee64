import type { WarmProgram } from '../contracts/sandbox.ts';

/** More would be those of dependencies that few programs share. */
const mostRemembered = 256;

/** Makes each program once, by its key, so that plans share it; those used least lately are made anew. */
export function rememberWarm(): (key: string, make: () => WarmProgram) => WarmProgram {
  const remembered = new Map<string, WarmProgram>();
  return (key, make) => {
    const program = remembered.get(key) ?? make();
    remembered.delete(key);
    remembered.set(key, program);
    const [oldest = key] = remembered.keys();
    if (remembered.size > mostRemembered) remembered.delete(oldest);
    return program;
  };
}
