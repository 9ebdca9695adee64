import type { Boundary, Isolation } from '../plugins/source.ts';

/** What would keep a plugin to what it was allowed, and what would not. */
export function boundaryWords(isolation: Isolation, boundary: Boundary): string[] {
  const walls = Object.entries(boundary);
  const open = walls.filter(([, how]) => how === 'none').map(([wall]) => wall);
  const held = walls.filter(([, how]) => how !== 'none').map(([wall, how]) => `${wall} (${how})`);
  const where = isolation === 'inline' ? "in the host's own process" : 'in a process of its own';
  return [
    `it runs ${where}; hooks and operations are held to the list`,
    ...(held.length > 0 ? [`separated from the host: ${held.join(', ')}`] : []),
    ...(open.length > 0 ? [`NOT separated, whatever the list says: ${open.join(', ')}`] : []),
  ];
}
