import type { Facts } from '@soulbox/plugin-sdk/agent';
import type { Walls } from './container-options.ts';

const limits = 'rlimit,watchdog,container';

/** What holds an execution in a container where the agent cannot know it: the container's own walls, and its uid. */
export function factsOf(walls: Walls): Facts {
  const common: [string, string][] = [
    ['user', 'box-uid'],
    ['filesystem', 'pivot-root,read-only'],
    ['memory', limits],
    ['processes', limits],
  ];
  if (walls === 'inner') return new Map(common);
  return new Map([...common, ['namespaces', 'pid,mount,ipc,net,uts'], ['network', 'none'], ['disk', 'tmpfs,watchdog']]);
}
