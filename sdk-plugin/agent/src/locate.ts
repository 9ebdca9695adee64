import { accessSync, constants } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SoulboxError } from '../../src/errors.ts';

const built = fileURLToPath(new URL('../soulbox-agent', import.meta.url));

/**
 * The absolute path of the agent's program for this machine.
 * @throws sandbox_unavailable, with `details.advice`, where it was not built.
 */
export function locateAgent(program: string = built): string {
  try {
    accessSync(program, constants.R_OK | constants.X_OK);
    return program;
  } catch (cause) {
    throw new SoulboxError('sandbox_unavailable', 'the sandbox agent is not built', {
      details: { advice: ['On Linux, install a C compiler and static libc (gcc, libc6-dev) and run npm run build.'] },
      cause,
    });
  }
}
