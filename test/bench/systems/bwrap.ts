import { needs } from '../../support/needs.ts';
import { commandSystem } from './bare.ts';
import { output } from './commands.ts';
import type { Resources } from './resources.ts';
import type { System } from './system.ts';

/** Bubblewrap: namespaces of every kind and a read-only root, no limits and no filter. */
export const bwrap = (resources: Resources): System =>
  commandSystem(resources, {
    name: 'bwrap',
    wrap: ({ argv, folder }, { folder: writable }) => [
      'bwrap',
      '--unshare-all',
      '--die-with-parent',
      ...['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--tmpfs', '/tmp'],
      ...['--bind', writable, writable, '--chdir', folder],
      ...argv,
    ],
    languages: (all) => all,
    available: async () => needs('bwrap') || null,
    version: async () => (await output(['bwrap', '--version'])).trim(),
  });
