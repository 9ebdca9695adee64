import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Cgroups } from '../../src/cgroups.ts';
import { hostIdentity } from '@soulbox/plugin-sdk/agent';

/** A host of its own process: enters a cgroup, makes and removes the cgroups of a box, and tells what it found. */
const [own, deploymentId, controller] = process.argv.slice(2) as [string, string, string];
await writeFile(join(own, 'cgroup.procs'), String(process.pid), { flag: 'r+' });
const cgroups = new Cgroups(deploymentId, hostIdentity(), { needed: [controller] });
const box = await cgroups.make('box', undefined);
const cgroup = await readFile('/proc/self/cgroup', 'utf8');
const enabled = await readFile(join(box.arguments[1]!, 'cgroup.subtree_control'), 'utf8');
await box.remove();
const entries = await readdir(own, { withFileTypes: true });
process.stdout.write(
  JSON.stringify({
    given: box.arguments,
    leaf: [basename(/^0::(.*)$/m.exec(cgroup)?.[1] ?? '')],
    enabled: enabled.trim().split(' '),
    left: entries.filter((entry) => entry.isDirectory()).map(({ name }) => name),
  }),
);
