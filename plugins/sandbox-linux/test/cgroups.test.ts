import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { Cgroups } from '../src/cgroups.ts';
import { findHierarchies } from '../src/hierarchy.ts';
import { hostIdentity } from '@soulbox/plugin-sdk/agent';

const identity = hostIdentity();
const deploymentId = `test${randomBytes(4).toString('hex')}`;
const gone = identity.label.replace(/-\d+-/, '-1-');

const real = findHierarchies(
  await readFile('/proc/self/mountinfo', 'utf8'),
  await readFile('/proc/self/cgroup', 'utf8'),
);
const isRoot = process.geteuid?.() === 0;
const realOne = isRoot && real.find(({ version, controllers }) => version === 1 && controllers.includes('pids'));
const realTwo = isRoot && real.find(({ version }) => version === 2);

describe('Cgroups', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'soulbox-cgroups-'));
    await mkdir(join(folder, 'proc/self'), { recursive: true });
  });
  after(() => rm(folder, { recursive: true, force: true }));
  beforeEach(() => rm(join(folder, 'tree'), { recursive: true, force: true }));

  /** Plain folders in place of a hierarchy, where this process is in /own. */
  async function over(type: 'cgroup' | 'cgroup2', controllers: string, own = '/own'): Promise<Cgroups> {
    const tree = join(folder, 'tree');
    await mkdir(join(tree, own), { recursive: true });
    await writeFile(join(folder, 'proc/self/mountinfo'), `1 1 0:1 / ${tree} rw - ${type} ${type} rw,${controllers}\n`);
    await writeFile(join(folder, 'proc/self/cgroup'), `1:${type === 'cgroup' ? controllers : ''}:${own}\n`);
    return new Cgroups(deploymentId, identity, { proc: join(folder, 'proc') });
  }

  it('makes a folder per box below the own cgroup, and takes it away again', async () => {
    const cgroups = await over('cgroup', 'memory,pids,hugetlb');
    const boxes = await Promise.all(['a1', 'b2'].map((id) => cgroups.make(id, undefined)));
    const parent = join(folder, 'tree/own', `soulbox-${deploymentId}`);
    const box = join(parent, `${identity.label}-a1`);
    assert.deepEqual(boxes[0]!.arguments, ['--cgroup', `memory,pids=${box}`]);
    assert.deepEqual((await readdir(parent)).length, 2);
    await boxes[0]!.remove();
    assert.deepEqual(await readdir(parent), [`${identity.label}-b2`]);
    await boxes[1]!.remove();
    await boxes[1]!.remove();
    assert.deepEqual(await readdir(dirname(parent)), []);
  });

  it('uses none where there is none that limits, or none that it may write', async () => {
    assert.deepEqual((await (await over('cgroup', 'freezer')).make('a', undefined)).arguments, []);
    assert.deepEqual((await (await over('cgroup2', 'rw')).make('a', undefined)).arguments, []);
    const nowhere = new Cgroups(deploymentId, identity, { proc: '/nonexistent' });
    assert.deepEqual((await nowhere.make('a', undefined)).arguments, []);
    assert.equal(await nowhere.reconcile(), 0);
    await rm(join(folder, 'tree'), { recursive: true, force: true });
    const missing = await over('cgroup', 'memory');
    await rm(join(folder, 'tree'), { recursive: true, force: true });
    assert.deepEqual((await missing.make('a', undefined)).arguments, []);
  });

  it('leaves nothing when a folder cannot be prepared', async () => {
    const cgroups = await over('cgroup2', 'rw');
    const own = join(folder, 'tree/own');
    await writeFile(join(own, 'cgroup.controllers'), 'cpu memory pids\n');
    await writeFile(join(own, 'cgroup.subtree_control'), '');
    await assert.rejects(cgroups.make('a', undefined), { code: 'sandbox_unavailable' });
    assert.equal(await readFile(join(own, 'cgroup.subtree_control'), 'utf8'), '+memory +pids');
    assert.deepEqual((await readdir(own)).toSorted(), ['cgroup.controllers', 'cgroup.subtree_control']);
  });

  it('does not move a host that is not alone in its cgroup', async () => {
    const cgroups = await over('cgroup2', 'rw');
    const own = join(folder, 'tree/own');
    await writeFile(join(own, 'cgroup.controllers'), 'cpu memory pids\n');
    await writeFile(join(own, 'cgroup.procs'), `${process.pid}\n1\n`);
    assert.deepEqual((await cgroups.make('a', undefined)).arguments, []);
    assert.deepEqual((await readdir(own)).toSorted(), ['cgroup.controllers', 'cgroup.procs']);
  });

  it('takes away what dead hosts left, and nothing else', async () => {
    const cgroups = await over('cgroup2', 'rw', '/own/soulbox-host');
    const parent = join(folder, 'tree/own', `soulbox-${deploymentId}`);
    const others = [`${identity.label}-living`, 'h1-1-1-elsewhere', 'foreign', `${gone}-UPPER`];
    for (const name of [...others, `${gone}-dead`, `${gone}-dead/leaf/deeper`, `${gone}-too`])
      await mkdir(join(parent, name), { recursive: true });
    await mkdir(join(folder, 'tree/own/soulbox-another', `${gone}-dead`), { recursive: true });
    assert.equal(await cgroups.reconcile(), 2);
    assert.deepEqual((await readdir(parent)).toSorted(), others.toSorted());
    assert.equal(await cgroups.reconcile(), 0);
    assert.deepEqual(await readdir(join(folder, 'tree/own/soulbox-another')), [`${gone}-dead`]);
  });

  for (const id of ['', '../x', 'a/b', 'x'.repeat(65), 'a b'])
    it(`refuses the deployment id ${JSON.stringify(id.slice(0, 10))}`, () => {
      assert.throws(() => new Cgroups(id, identity), { code: 'config_invalid' });
    });

  it('kills what is in a folder of a dead host (version 1)', { skip: !realOne }, async () => {
    assert.ok(realOne);
    const box = join(realOne.ownFolder, `soulbox-${deploymentId}`, `${gone}-dead`);
    await mkdir(join(box, 'leaf'), { recursive: true });
    const victim = spawn('sleep', ['600']);
    await writeFile(join(box, 'leaf/cgroup.procs'), String(victim.pid), { flag: 'r+' });
    const [ended, removed] = await Promise.all([once(victim, 'exit'), new Cgroups(deploymentId, identity).reconcile()]);
    assert.deepEqual([ended[1], removed], ['SIGKILL', 1]);
    await assert.rejects(stat(dirname(box)), { code: 'ENOENT' });
  });

  it('hands a folder over to the agent, but not its limits (version 1)', { skip: !realOne }, async () => {
    const box = await new Cgroups(deploymentId, identity).make('owned', 12_345);
    const path = box.arguments.find((argument) => argument.startsWith('pids='))!.slice('pids='.length);
    const owners = await Promise.all(
      ['.', 'cgroup.procs', 'pids.max'].map(async (name) => (await stat(join(path, name))).uid),
    );
    assert.deepEqual(owners, [12_345, 12_345, 0]);
    await box.remove();
    await assert.rejects(stat(path), { code: 'ENOENT' });
  });

  it(
    'moves a host that is alone into a leaf, and enables what boxes need (version 2)',
    { skip: !realTwo },
    async (test) => {
      assert.ok(realTwo);
      const controllers = (await readFile(join(realTwo.ownFolder, 'cgroup.controllers'), 'utf8')).trim().split(' ');
      // Those that can rule threads would be enabled beside processes, and the children then take none.
      const forThreads = ['cpu', 'cpuset', 'perf_event', 'pids'];
      controllers.sort((a, b) => Number(forThreads.includes(a)) - Number(forThreads.includes(b)));
      const usual = join(realTwo.ownFolder, 'cgroup.subtree_control');
      const enabledBefore = (await readFile(usual, 'utf8')).trim().split(' ');
      if (controllers[0] === '' || !(await enable(usual, controllers[0]!)))
        return test.skip('no controller to try it with');
      const own = join(realTwo.ownFolder, `soulbox-${deploymentId}-home`);
      await mkdir(own);
      try {
        const script = new URL('support/lone-host.js', import.meta.url).pathname;
        const child = spawn(process.execPath, [script, own, deploymentId, controllers[0]!], {
          stdio: ['pipe', 'pipe', 'inherit'],
        });
        let output = '';
        child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
        await once(child, 'close');
        const { given, leaf, enabled, left } = JSON.parse(output) as Record<string, string[]>;
        assert.equal(given?.[0], '--cgroup2');
        assert.equal(dirname(given[1]!), join(own, `soulbox-${deploymentId}`));
        assert.deepEqual([leaf, enabled, left], [['soulbox-host'], [controllers[0]!], ['soulbox-host']]);
      } finally {
        await rmdir(join(own, 'soulbox-host')).catch(() => undefined);
        await rmdir(own);
        if (!enabledBefore.includes(controllers[0]!)) await writeFile(usual, `-${controllers[0]}`, { flag: 'r+' });
      }
    },
  );
});

async function enable(file: string, controller: string): Promise<boolean> {
  return writeFile(file, `+${controller}`, { flag: 'r+' }).then(
    () => true,
    () => false,
  );
}
