import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { containerOptions, type ContainerPlan } from '../src/container-options.ts';
import { seccompProfile } from '../src/seccomp-profile.ts';
import { SettingsSchema } from '../src/settings.ts';

const plan: ContainerPlan = {
  name: 'soulbox-d-dk01-0',
  imageId: 'sha256:ab',
  uid: 1_610_612_740,
  labels: { 'soulbox.deployment': 'd' },
  walls: 'inner',
  paths: [],
  hasAppArmor: false,
};
const settings = SettingsSchema.parse({});
const profile = (innerBoxes: boolean): string => `seccomp=${seccompProfile({ innerBoxes })}`;

const expected = {
  name: 'soulbox-d-dk01-0',
  Image: 'sha256:ab',
  User: '1610612740:1610612740',
  Entrypoint: ['/usr/local/bin/soulbox-agent'],
  Cmd: ['serve', '--fd', '0', '--out-fd', '1', '--max-runs', '64'],
  Env: [],
  WorkingDir: '/',
  Hostname: 'sandbox',
  Labels: { 'soulbox.deployment': 'd' },
  Healthcheck: { Test: ['NONE'] },
  AttachStdin: true,
  AttachStdout: true,
  AttachStderr: true,
  OpenStdin: true,
  StdinOnce: true,
  Tty: false,
  NetworkDisabled: true,
  StopSignal: 'SIGKILL',
  HostConfig: {
    AutoRemove: true,
    Privileged: false,
    CapDrop: ['ALL'],
    CapAdd: [],
    SecurityOpt: ['no-new-privileges', profile(true)],
    MaskedPaths: [],
    ReadonlyPaths: [],
    ReadonlyRootfs: true,
    Tmpfs: {
      '/home/sandbox': 'rw,exec,nosuid,nodev,size=65536,nr_inodes=1024,uid=1610612740,gid=1610612740,mode=0755',
      '/tmp': 'rw,exec,nosuid,nodev,size=65536,nr_inodes=1024,uid=1610612740,gid=1610612740,mode=1777',
    },
    ShmSize: 65_536,
    Binds: [],
    Mounts: [],
    Devices: [],
    NetworkMode: 'none',
    IpcMode: 'private',
    Memory: 4_294_967_296,
    MemorySwap: 4_294_967_296,
    NanoCpus: 2_000_000_000,
    PidsLimit: 4096,
    OomScoreAdj: 300,
    Ulimits: [
      { Name: 'core', Soft: 0, Hard: 0 },
      { Name: 'nofile', Soft: 4096, Hard: 4096 },
    ],
    Init: false,
    LogConfig: { Type: 'none', Config: {} },
    RestartPolicy: { Name: 'no' },
    PublishAllPorts: false,
  },
};

describe('what the engine is asked for', () => {
  it('is this and nothing else, for a container with inner boxes', () => {
    assert.deepEqual(containerOptions(plan, settings), expected);
  });

  it('shows paths as they are called here, and lets nothing write to them', () => {
    const { HostConfig } = containerOptions({ ...plan, paths: ['/data/a'] }, settings);
    const mount = { Type: 'bind', Source: '/data/a', Target: '/data/a', ReadOnly: true };
    assert.deepEqual(HostConfig, {
      ...expected.HostConfig,
      Mounts: [{ ...mount, BindOptions: { Propagation: 'rprivate', NonRecursive: true } }],
    });
  });

  it('is this and nothing else, for a container that is the box of one execution', () => {
    const { MaskedPaths: _masked, ReadonlyPaths: _readonly, ...host } = expected.HostConfig;
    const disk = 'rw,exec,nosuid,nodev,size=536870912,nr_inodes=131072,uid=1610612740,gid=1610612740';
    assert.deepEqual(containerOptions({ ...plan, walls: 'container', hasAppArmor: true }, settings), {
      ...expected,
      Cmd: ['serve', '--fd', '0', '--out-fd', '1', '--boxes', 'container'],
      HostConfig: {
        ...host,
        SecurityOpt: ['no-new-privileges', profile(false)],
        Tmpfs: { '/home/sandbox': `${disk},mode=0755`, '/tmp': `${disk},mode=1777` },
        ShmSize: 536_870_912,
      },
    });
  });

  it('is this and nothing else, for a sandbox that stays', () => {
    const live = { memoryBytes: 2 ** 28, diskBytes: 2 ** 25, processes: 100, gateway: false };
    const service = 'rw,noexec,nosuid,nodev,size=65536,uid=1610612740,gid=1610612740,mode=0700';
    assert.deepEqual(containerOptions({ ...plan, live }, settings), {
      ...expected,
      Cmd: [
        ...['serve', '--fd', '0', '--out-fd', '1', '--listen', '/run/soulbox/live'],
        ...['--memory', '268435456', '--disk', '33554432', '--processes', '100'],
      ],
      HostConfig: {
        ...expected.HostConfig,
        Tmpfs: { ...expected.HostConfig.Tmpfs, '/run/soulbox': service },
        Memory: 2 ** 28 + 2 ** 26,
        MemorySwap: 2 ** 28 + 2 ** 26,
        PidsLimit: 124,
      },
    });
    const { HostConfig, Cmd } = containerOptions({ ...plan, live: { ...live, gateway: true } }, settings);
    assert.deepEqual((Cmd as string[]).slice(-2), ['--network', 'gateway']);
    const families = (options: string[] | undefined) => options!.join().split('"names":["socket"]').length - 1;
    assert.equal(families(HostConfig?.SecurityOpt), families(expected.HostConfig.SecurityOpt) + 1);
  });

  it('names the runtime and the profile of AppArmor only where the operator or the engine has one', () => {
    const { HostConfig } = containerOptions(
      { ...plan, hasAppArmor: true },
      SettingsSchema.parse({ runtime: 'runsc', apparmor: 'soulbox' }),
    );
    assert.equal(HostConfig?.Runtime, 'runsc');
    assert.deepEqual(HostConfig?.SecurityOpt, ['no-new-privileges', profile(true), 'apparmor=soulbox']);
  });

  it('carries the limits that the operator set', () => {
    const limits = { memoryBytes: 2 ** 30, cpus: 0.5, processes: 100, diskBytes: 2 ** 20, maxRuns: 3 };
    const { HostConfig, Cmd } = containerOptions(plan, SettingsSchema.parse(limits));
    const { Memory, MemorySwap, NanoCpus, PidsLimit } = HostConfig!;
    assert.deepEqual([Memory, MemorySwap, NanoCpus, PidsLimit], [2 ** 30, 2 ** 30, 5e8, 100]);
    assert.equal(Cmd?.at(-1), '3');
  });

  it('has nothing of what a client can say: another plan has the same keys', () => {
    const hostile = { ...plan, Binds: ['/:/host'], HostConfig: { Privileged: true }, NetworkMode: 'host' };
    assert.deepEqual(containerOptions(hostile as ContainerPlan, settings), expected);
  });
});

describe('the filter on system calls', () => {
  interface Rule {
    readonly names: readonly string[];
    readonly action: string;
    readonly errnoRet?: number;
    readonly args?: readonly { readonly index: number; readonly value: number; readonly op: string }[];
  }
  const rules = (innerBoxes: boolean): Rule[] =>
    (JSON.parse(seccompProfile({ innerBoxes })) as { syscalls: Rule[] }).syscalls;
  const allows = (all: Rule[], name: string): boolean =>
    all.some((rule) => rule.names.includes(name) && rule.action === 'SCMP_ACT_ALLOW' && !rule.args);

  const never =
    'io_uring_setup io_uring_enter io_uring_register add_key request_key keyctl userfaultfd bpf perf_event_open ptrace process_vm_readv process_vm_writev pidfd_getfd kcmp setns pivot_root chroot umount2 open_tree move_mount fsopen fsmount fsconfig open_by_handle_at name_to_handle_at kexec_load kexec_file_load init_module finit_module delete_module reboot swapon swapoff mount_setattr2 iopl ioperm fanotify_init quotactl acct syslog settimeofday clock_settime clone3 memfd_secret'.split(
      ' ',
    );

  for (const innerBoxes of [true, false]) {
    it(`refuses what is not named, and names nothing dangerous, ${innerBoxes ? 'with' : 'without'} inner boxes`, () => {
      const { defaultAction } = JSON.parse(seccompProfile({ innerBoxes })) as { defaultAction: string };
      assert.equal(defaultAction, 'SCMP_ACT_ERRNO');
      assert.deepEqual(
        never.filter((name) => allows(rules(innerBoxes), name)),
        [],
      );
    });
  }

  it('lets the agent alone make namespaces and mounts, where it makes inner boxes', () => {
    const forBoxes = ['mount', 'mount_setattr', 'unshare', 'sethostname', 'clone'];
    assert.deepEqual(
      forBoxes.map((name) => [allows(rules(true), name), allows(rules(false), name)]),
      forBoxes.map(() => [true, false]),
    );
    const clone = rules(false).find(({ names }) => names.includes('clone'));
    assert.deepEqual(clone?.args, [{ index: 0, value: 0x7e02_0000, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }]);
  });

  it('knows four families of sockets, none of which is vsock, and no foreign architecture', () => {
    const families = rules(true).flatMap(({ names, args }) => (names.includes('socket') ? [args?.[0]?.value] : []));
    assert.deepEqual(families, [1, 2, 10, 16]);
    const { archMap } = JSON.parse(seccompProfile({ innerBoxes: true })) as { archMap: { subArchitectures: [] }[] };
    assert.ok(archMap.every(({ subArchitectures }) => subArchitectures.length === 0));
  });

  it('answers clone3 as an old kernel does, so that C libraries fall back', () => {
    assert.equal(rules(true).find(({ names }) => names.includes('clone3'))?.errnoRet, 38);
  });
});
