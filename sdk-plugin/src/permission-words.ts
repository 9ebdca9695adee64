import type { Permissions } from './contracts/permissions.ts';

/** `what` with the names, or what is said where `*` stands for all. */
function lines(names: readonly string[], what: string, all: string): string[] {
  if (names.length === 0) return [];
  return [names.includes('*') ? all : `${what} ${names.join(', ')}`];
}

/** What a plugin wants to be allowed, in plain words, one line for each; `nothing` where it wants nothing. */
export function permissionWords(permissions: Permissions): string[] {
  const { hooks, operations, network, files, secrets, processes, workers, addons, docker } = permissions;
  const through = 'see and change what passes through';
  const words = [
    ...lines(hooks, `${through} the hooks`, `${through} all hooks that are not privileged`),
    ...lines(operations, 'add the operations', 'add any operations'),
    ...lines(network, 'talk over the network to', 'talk over the network to any host'),
    ...lines(files.read, 'read files:', 'read every file that the host may read'),
    ...lines(files.write, 'write files:', 'write every file that the host may write'),
    ...lines(secrets, 'read the environment variables', ''),
    ...(processes ? ['start programs'] : []),
    ...(workers ? ['start threads'] : []),
    ...(addons ? ['load native code'] : []),
    ...(docker ? ['use the Docker engine of this machine, which makes it its administrator'] : []),
  ];
  return words.length > 0 ? words : ['nothing'];
}
