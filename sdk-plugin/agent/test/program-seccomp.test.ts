import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Programs, strongestMode } from './support/program.ts';
import { RealAgent } from './support/real-agent.ts';

const isX64 = process.arch === 'x64';
const newUser = 0x1000_0000;
const newTime = 0x80;

/** Call numbers of x86_64 and arm64. */
const numbers = {
  socket: [41, 198],
  socketpair: [53, 199],
  clone: [56, 220],
  ptrace: [101, 117],
  personality: [135, 92],
  chroot: [161, 51],
  mount: [165, 40],
  umount2: [166, 39],
  sethostname: [170, 161],
  settimeofday: [164, 170],
  adjtimex: [159, 171],
  acct: [163, 89],
  quotactl: [179, 60],
  io_setup: [206, 0],
  add_key: [248, 217],
  request_key: [249, 218],
  keyctl: [250, 219],
  migrate_pages: [256, 238],
  unshare: [272, 97],
  perf_event_open: [298, 241],
  fanotify_init: [300, 262],
  name_to_handle_at: [303, 264],
  open_by_handle_at: [304, 265],
  setns: [308, 268],
  process_vm_readv: [310, 270],
  kcmp: [312, 272],
  bpf: [321, 280],
  userfaultfd: [323, 282],
  ioctl: [16, 29],
  memfd_create: [319, 279],
  shmget: [29, 194],
  msgget: [68, 186],
  semget: [64, 190],
  io_uring_setup: [425, 425],
  open_tree: [428, 428],
  move_mount: [429, 429],
  fsopen: [430, 430],
  clone3: [435, 435],
  pidfd_getfd: [438, 438],
  mount_setattr: [442, 442],
  memfd_secret: [447, 447],
  newer: [457, 457],
  unknown: [100_000, 100_000],
  getpid: [39, 172],
  kexec_load: [246, 104],
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  reboot: [169, 142],
  swapon: [167, 224],
} as const;
type Call = keyof typeof numbers;
const numberOf = (call: Call): number => numbers[call][isX64 ? 0 : 1];

const answers: readonly [call: Call, errno: string, ...arguments: number[]][] = [
  ['getpid', 'ok'],
  ...(
    [
      'ptrace',
      'chroot',
      'mount',
      'umount2',
      'sethostname',
      'settimeofday',
      'adjtimex',
      'acct',
      'quotactl',
      'add_key',
      'request_key',
      'keyctl',
      'migrate_pages',
      'unshare',
      'perf_event_open',
      'fanotify_init',
      'name_to_handle_at',
      'open_by_handle_at',
      'setns',
      'process_vm_readv',
      'kcmp',
      'bpf',
      'userfaultfd',
      'open_tree',
      'move_mount',
      'fsopen',
      'pidfd_getfd',
      'mount_setattr',
    ] as const
  ).map((call) => [call, 'EPERM'] as [Call, string]),
  ...(
    [
      'io_uring_setup',
      'clone3',
      'memfd_secret',
      'io_setup',
      'newer',
      'unknown',
      'memfd_create',
      'shmget',
      'msgget',
      'semget',
    ] as const
  ).map((call) => [call, 'ENOSYS'] as [Call, string]),
  ['unshare', 'EPERM', newTime],
  ['clone', 'EPERM', newUser | 17],
  ['clone', 'EPERM', 0x0002_0000],
  ['personality', 'ok', 0xffff_ffff],
  ['personality', 'ok', 0],
  ['personality', 'EPERM', 0x0008_0000],
  ['socket', 'ok', 1, 1, 0],
  ['socket', 'ok', 2, 1, 0],
  ['socket', 'ok', 2, 1, 6],
  ['socket', 'ok', 10, 2, 17],
  ['socket', 'ok', 16, 3, 0],
  ['socket', 'EPROTONOSUPPORT', 16, 3, 9],
  ['socket', 'EPROTONOSUPPORT', 2, 3, 1],
  ['socket', 'EPROTONOSUPPORT', 2, 1, 132],
  ['socket', 'EAFNOSUPPORT', 17, 3, 0],
  ['socket', 'EAFNOSUPPORT', 38, 5, 0],
  ['socket', 'EAFNOSUPPORT', 40, 1, 0],
  ['socketpair', 'EAFNOSUPPORT', 30, 1, 0],
  ['ioctl', 'EPERM', 0, 0x5412],
  ['ioctl', 'EPERM', 0, 0x541c],
  ['ioctl', 'ENOTTY', 0, 0x5401],
];

describe('the filter on system calls', () => {
  let programs: Programs;
  let agent: RealAgent;
  before(async () => {
    programs = new Programs();
    agent = new RealAgent(programs.agent, strongestMode);
    await agent.hello();
  });
  after(async () => {
    assert.deepEqual(await agent.close(), { code: 0, left: [] });
    programs.remove();
  });

  const run = (...deed: (string | number)[]): ReturnType<RealAgent['run']> =>
    agent.run({
      files: [['probe', programs.probe, true]],
      stages: [{ argv: ['/home/sandbox/probe', ...deed.map(String)] }],
    });

  for (const [call, errno, ...values] of answers)
    it(`answers ${call}(${values.join(', ')}) with ${errno}`, async () => {
      const { stdout, stages } = await run('call', numberOf(call), ...values);
      assert.equal(stages[0]?.verdict, 'ok');
      assert.equal(stdout.toString(), `${errno}\n`);
    });

  for (const call of ['kexec_load', 'init_module', 'finit_module', 'delete_module', 'reboot', 'swapon'] as const)
    it(`ends a program that calls ${call}`, async () => {
      assert.equal((await run('call', numberOf(call))).stages[0]?.verdict, 'denied');
    });

  it(
    'ends a program that uses the calls of another architecture',
    { skip: !isX64 && 'only x86_64 has others' },
    async () => {
      assert.equal((await run('old-call')).stages[0]?.verdict, 'denied');
      assert.equal((await run('call', 0x4000_0000 + 39)).stages[0]?.verdict, 'denied');
      for (const call of [172, 173]) assert.equal((await run('call', call)).stages[0]?.verdict, 'denied', String(call));
    },
  );
});
