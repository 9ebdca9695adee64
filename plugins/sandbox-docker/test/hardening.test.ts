import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import type { ContainerInspectInfo } from 'dockerode';
import type { DockerDriver } from '../src/driver.ts';
import { noEngine, TestEngine } from './support/engine.ts';
import { never, runScript } from './support/runs.ts';

for (const boxes of ['inner', 'container'] as const)
  describe(`a container that holds, boxes: ${boxes}`, { skip: noEngine }, () => {
    let engine: TestEngine;
    let driver: DockerDriver;
    let box: string;
    let container: ContainerInspectInfo;
    let status: ReadonlyMap<string, string>;

    before(async () => {
      engine = await TestEngine.start();
      driver = engine.driver({ boxes });
      ({ id: box } = await driver.create({ paths: [], labels: {} }, { signal: never }));
      const [name] = await engine.containers();
      [container] = JSON.parse(await engine.docker('inspect', name!)) as [ContainerInspectInfo];
      const text = await readFile(`/proc/${container.State.Pid}/status`, 'utf8');
      status = new Map(text.split('\n').map((line) => line.split(':\t', 2) as [string, string]));
    });
    after(async () => {
      await driver?.dispose();
      await engine?.stop();
    });

    it('has the agent as process 1, without any power, under a uid that nobody else has', () => {
      const uid = status.get('Uid')!.split('\t')[0]!;
      assert.ok(Number(uid) >= 1_610_612_736);
      assert.equal(status.get('Uid'), [uid, uid, uid, uid].join('\t'));
      assert.equal(status.get('Gid'), status.get('Uid'));
      assert.equal(status.get('Groups')?.trim() ?? '', uid);
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
        assert.equal(BigInt(`0x${status.get(set)}`), 0n, set);
      assert.deepEqual([status.get('NoNewPrivs'), status.get('Seccomp')], ['1', '2']);
    });

    it('shows nothing of the host: no mount of a file, no socket, no network, no log', () => {
      assert.deepEqual(container.Mounts, []);
      assert.deepEqual(Object.keys(container.NetworkSettings.Networks), []);
      assert.ok(!JSON.stringify(container).includes('docker.sock'));
      assert.equal(container.HostConfig.LogConfig?.Type, 'none');
      assert.equal(container.HostConfig.IpcMode, 'private');
      assert.deepEqual([container.HostConfig.PidMode, container.HostConfig.UTSMode], ['', '']);
    });

    it('may write nowhere but to small disks', async () => {
      const probe = 'for d in / /etc /usr /bin /dev /proc /var /run; do (: > $d/x) 2>/dev/null && echo wrote $d; done';
      assert.equal((await runScript(driver, box, `${probe}; : > /tmp/x && : > ./x && echo disk`)).stdout, 'disk\n');
    });

    it('tells programs that the root is not theirs, and lets them see only their own processes', async () => {
      const { stdout } = await runScript(
        driver,
        box,
        'cat /proc/1/environ 2>&1; ls /proc | grep -c "^[0-9]"; cat /proc/1/cmdline',
      );
      const processes = Number(/^\d+$/m.exec(stdout)?.[0]);
      // The shell and two of its tools; the init; and the agent where it shares the namespace.
      assert.ok(processes <= (boxes === 'inner' ? 4 : 5), stdout);
      assert.match(stdout, /denied|can't open/i);
      assert.doesNotMatch(stdout, /serve/);
    });
  });
