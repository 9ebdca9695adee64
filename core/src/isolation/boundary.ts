import type { Boundary } from '../plugins/source.ts';
import type { PermissionPlan } from './permission-flags.ts';

/** Of a plugin in the host's own process. */
export const noBoundary: Boundary = Object.freeze({
  crashes: 'none',
  memory: 'none',
  environment: 'none',
  files: 'none',
  processes: 'none',
  network: 'none',
});

/** Of a plugin in a process of its own. */
export function processBoundary({ files, processes, network }: PermissionPlan): Boundary {
  return {
    crashes: 'own-process',
    memory: 'heap-limit,watch',
    environment: 'granted-names',
    files,
    processes,
    network,
  };
}
