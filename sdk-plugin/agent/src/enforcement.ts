import type { Enforcement, IsolationLevel } from '../../src/contracts/enforcement.ts';
import type { Facts } from './message.ts';

const limits = ['memory', 'processes', 'cpu', 'disk', 'output', 'wall'] as const;
const walls = ['user', 'pid', 'mount', 'ipc', 'net'];

/** What an agent's facts amount to. What it does not mention is not held. */
export function enforcementFrom(facts: Facts): Enforcement {
  const held = (name: string): string => facts.get(name) ?? 'none';
  const enforced = {
    namespaces: held('namespaces'),
    user: held('user'),
    filesystem: held('filesystem'),
    network: facts.get('network') ?? 'host',
    seccomp: held('seccomp'),
    memory: held('memory'),
    processes: held('processes'),
    cpu: held('cpu'),
    disk: held('disk'),
    output: held('output'),
    wall: held('wall'),
  };
  return { level: levelOf(enforced), ...enforced };
}

function levelOf(enforced: Omit<Enforcement, 'level'>): IsolationLevel {
  const namespaces = enforced.namespaces.split(',');
  const isStandard =
    walls.every((wall) => namespaces.includes(wall)) &&
    enforced.filesystem.split(',').includes('read-only') &&
    enforced.network === 'none' &&
    enforced.seccomp !== 'none' &&
    limits.every((limit) => enforced[limit] !== 'none');
  if (!isStandard) return 'weak';
  const byCgroups = [enforced.memory, enforced.processes, enforced.cpu].every((held) => held.startsWith('cgroup-'));
  return byCgroups && enforced.user === 'own-uid' ? 'strong' : 'standard';
}
