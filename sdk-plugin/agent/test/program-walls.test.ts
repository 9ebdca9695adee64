import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { modes, Programs } from './support/program.ts';
import { RealAgent } from './support/real-agent.ts';

const probe = '/home/sandbox/probe';

for (const mode of modes)
  describe(`the walls of a box, as ${mode.name}`, () => {
    let programs: Programs;
    let agent: RealAgent;
    let facts: ReadonlyMap<string, string>;
    before(async () => {
      programs = new Programs();
      agent = new RealAgent(programs.agent, mode, ['--path', '/usr/bin', '--path', '/etc/services']);
      facts = await agent.hello();
    });
    after(async () => {
      assert.deepEqual(await agent.close(), { code: 0, left: [] });
      programs.remove();
    });

    const output = async (...deed: string[]): Promise<string> => {
      const { stages, stdout, stderr } = await agent.run({
        files: [['probe', programs.probe, true]],
        stages: [{ argv: [probe, ...deed], env: ['ONLY=this'] }],
      });
      assert.equal(stages[0]?.verdict, 'ok', stderr.toString());
      return stdout.toString();
    };

    it('says what holds', () => {
      const expected: [string, string][] = [
        ['namespaces', 'user,pid,mount,ipc,net,uts,cgroup'],
        ['user', mode.name === 'root' ? 'own-uid' : 'shared-uid'],
        ['filesystem', 'pivot-root,read-only'],
        ['network', 'none'],
        ['seccomp', 'filter'],
        ['memory', 'rlimit,watchdog'],
        ['processes', 'rlimit,watchdog'],
        ['cpu', 'rlimit,watchdog'],
        ['disk', 'tmpfs'],
        ['output', 'agent'],
        ['wall', 'agent'],
        ['stats', 'agent'],
        ['keep', 'agent'],
        ['warm', 'agent'],
      ];
      assert.deepEqual([...facts], expected);
    });

    it('gives a program its arguments, its environment and nothing else', async () => {
      assert.equal(
        await output('say', 'a b', ''),
        'argument a b\nargument \nenvironment ONLY=this\nfolder /home/sandbox\n',
      );
    });

    it('leaves a program no descriptor beside its three streams', async () => {
      const names = (await output('list', '/proc/self/fd')).trim().split('\n');
      // The last is the folder that is being listed.
      assert.deepEqual(names, ['entry 0', 'entry 1', 'entry 2', 'entry 3']);
    });

    it('leaves a program no capability, now or later, and no new privileges', async () => {
      const status = await output('print', '/proc/self/status');
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
        assert.match(status, new RegExp(`^${set}:\\t0000000000000000$`, 'm'));
      assert.match(status, /^NoNewPrivs:\t1$/m);
      assert.match(status, /^Seccomp:\t2$/m);
      assert.match(status, /^Uid:\t1000\t1000\t1000\t1000$/m);
      assert.match(status, /^Gid:\t1000\t1000\t1000\t1000$/m);
    });

    it('shows the processes of this box and no others', async () => {
      const names = (await output('list', '/proc')).split('\n').filter((line) => /^entry \d+$/.test(line));
      assert.deepEqual(names, ['entry 1', 'entry 2']);
    });

    it('protects the init of the box, its memory and the command line of the host', async () => {
      assert.equal(
        await output('attack-init'),
        [
          'prlimit -1',
          'priority -1',
          'all-priorities -1',
          ...['environ', 'mem', 'maps', 'root', 'cwd', 'exe'].map((name) => `${name} refused`),
          'command-line 0',
          '',
        ].join('\n'),
      );
    });

    it('shows the paths that were asked for, an own /etc and nothing else of the host', async () => {
      const root = (await output('list', '/')).trim().split('\n').toSorted();
      assert.deepEqual(
        root,
        ['dev', 'etc', 'home', 'proc', 'tmp', 'usr'].map((name) => `entry ${name}`),
      );
      const etc = (await output('list', '/etc')).trim().split('\n').toSorted();
      const names = ['group', 'hosts', 'nsswitch.conf', 'passwd', 'resolv.conf', 'services'];
      assert.deepEqual(
        etc,
        names.map((name) => `entry ${name}`),
      );
      assert.match(await output('print', '/etc/passwd'), /^sandbox:x:1000:1000:/m);
      assert.equal(await output('list', '/usr'), 'entry bin\n');
    });

    it('lets a program write to its working directory, /tmp and /dev/shm only', async () => {
      const places = {
        '/home/sandbox/x': 'written',
        '/tmp/x': 'written',
        '/dev/shm/x': 'written',
        '/dev/null': 'written',
        '/dev/stdout': 'written',
        '/x': 'EROFS',
        '/etc/x': 'EROFS',
        '/usr/bin/x': 'EROFS',
        '/home/x': 'EROFS',
        '/dev/x': 'EROFS',
        '/proc/sys/kernel/hostname': 'EROFS',
        '/proc/self/oom_score_adj': 'EROFS',
        '/proc/self/uid_map': 'EROFS',
      };
      const lines = (await output('write', ...Object.keys(places))).trim().split('\n');
      const seen = Object.fromEntries(lines.map((line) => line.split(' ') as [string, string]));
      assert.deepEqual(seen, places);
    });

    it('masks what tells about the host', async () => {
      for (const path of ['/proc/kallsyms', '/proc/interrupts', '/proc/keys', '/proc/cmdline', '/proc/modules'])
        assert.equal(await output('print', path), '', path);
      for (const path of ['/proc/bus', '/proc/irq', '/proc/fs', '/proc/driver', '/sys'])
        assert.equal(await output('list', path), '', path);
    });

    it('has one interface, which leads nowhere', async () => {
      const devices = (await output('print', '/proc/self/net/dev')).split('\n').slice(2, -1);
      assert.deepEqual(
        devices.map((line) => line.replace(/:.*/, '').trim()),
        ['lo'],
      );
      assert.equal(await output('print', '/proc/self/net/ipv6_route').then((text) => /eth|ens|wlan/.test(text)), false);
    });

    it('shows no cgroup path of the host', async () => {
      const lines = (await output('print', '/proc/self/cgroup')).trim().split('\n');
      for (const line of lines) assert.match(line, /:\/$/);
    });

    it('sets the resource limits', async () => {
      const resources = { core: 4, openFiles: 7, lockedBytes: 8, queuedMessages: 12, realTime: 14 };
      assert.equal(await output('limit', String(resources.core)), '0\n');
      assert.equal(await output('limit', String(resources.openFiles)), '1024\n');
      assert.equal(await output('limit', String(resources.lockedBytes)), '65536\n');
      assert.equal(await output('limit', String(resources.queuedMessages)), '0\n');
      assert.equal(await output('limit', String(resources.realTime)), '0\n');
    });

    it('keeps nothing from one run to the next', async () => {
      await output('write', '/tmp/left', '/home/sandbox/left', '/dev/shm/left');
      for (const folder of ['/tmp', '/dev/shm']) assert.equal(await output('list', folder), '');
      assert.equal(await output('list', '/home/sandbox'), 'entry probe\n');
    });
  });
