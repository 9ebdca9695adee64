/** One mounted cgroup hierarchy, seen from this process. */
export interface Hierarchy {
  readonly version: 1 | 2;
  /** Of version 1; a folder of version 2 lists its own. */
  readonly controllers: readonly string[];
  /** The absolute folder of the cgroup that this process is in. */
  readonly ownFolder: string;
}

interface Mount {
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

/**
 * Finds the hierarchies in which this process has a visible cgroup, from the text of /proc/self/mountinfo and
 * /proc/self/cgroup. Works for version 1, version 2 and both at once.
 */
export function findHierarchies(mountinfo: string, selfCgroup: string): Hierarchy[] {
  const mounts = mountinfo.split('\n').flatMap(parseMount);
  const found: Hierarchy[] = [];
  for (const line of selfCgroup.split('\n')) {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line);
    if (!match) continue;
    const controllers = match[1] === '' ? [] : match[1]!.split(',');
    const version = controllers.length === 0 ? 2 : 1;
    const mount = mounts.find(({ type, options }) =>
      version === 2 ? type === 'cgroup2' : type === 'cgroup' && controllers.every((name) => options.includes(name)),
    );
    const ownFolder = mount && inside(mount, match[2]!);
    if (ownFolder !== undefined) found.push({ version, controllers, ownFolder });
  }
  return found;
}

function parseMount(line: string): Mount[] {
  const [before, after] = line.split(' - ');
  const fields = before?.split(' ') ?? [];
  const [type, , options] = after?.split(' ') ?? [];
  const [root, point] = [fields[3], fields[4]];
  if (root === undefined || point === undefined || type === undefined) return [];
  return [{ root: unescapePath(root), point: unescapePath(point), type, options: options?.split(',') ?? [] }];
}

/** The kernel writes space, tab, newline and backslash in octal. */
function unescapePath(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Where a cgroup appears below a mount; nowhere if the mount shows another part of the hierarchy. */
function inside({ root, point }: Mount, cgroup: string): string | undefined {
  if (cgroup.split('/').includes('..')) return undefined;
  const prefix = root === '/' ? '' : root;
  if (cgroup !== prefix && !cgroup.startsWith(`${prefix}/`)) return undefined;
  const rest = cgroup.slice(prefix.length);
  return rest === '/' || rest === '' ? point : point + rest;
}
