import type { Limits, RunOutcome } from '@soulbox/plugin-sdk';

type Verdict = RunOutcome['verdict'];

export interface HostileProgram {
  /** Below programs/; the ending says what runs it. */
  readonly file: string;
  /** Each of them is right. */
  readonly verdicts: readonly Verdict[];
  readonly exitCode?: number;
  readonly limits?: Partial<Limits>;
  readonly env?: Readonly<Record<string, string>>;
  /** What standard output must hold. Default: `done` where the only right verdict is `ok`. */
  readonly says?: RegExp;
  /** A program that runs next, in the same box, and must find no trace of this one. */
  readonly next?: HostileProgram;
}

const mebibyte = 1024 * 1024;

/**
 * Of programs that name no others. A busy machine may take seconds to give a program the little time that it needs to
 * reach its limit; where time is not what should end it, there is enough.
 */
export const usualLimits: Limits = {
  wallMs: 30_000,
  cpuMs: 8000,
  memoryBytes: 256 * mebibyte,
  outputBytes: mebibyte,
  processes: 64,
  diskBytes: 16 * mebibyte,
};

const ends = (file: string, over: Partial<HostileProgram> = {}): HostileProgram => ({
  file,
  verdicts: ['ok'],
  ...over,
});
const times = (file: string, over: Partial<HostileProgram> = {}): HostileProgram =>
  ends(file, { verdicts: ['timeout'], limits: { wallMs: 700 }, ...over });
const forks = (file: string, over: Partial<HostileProgram> = {}): HostileProgram =>
  ends(file, { verdicts: ['process-limit'], limits: { processes: 24, wallMs: 4000 }, ...over });
const eats = (file: string, over: Partial<HostileProgram> = {}): HostileProgram =>
  ends(file, { verdicts: ['memory-limit'], limits: { memoryBytes: 96 * mebibyte }, ...over });
const fills = (file: string): HostileProgram =>
  ends(file, { verdicts: ['disk-limit'], limits: { diskBytes: 4 * mebibyte } });
const floods = (file: string): HostileProgram =>
  ends(file, { verdicts: ['output-limit'], limits: { outputBytes: 200_000 } });
const denied = (file: string): HostileProgram => ends(file, { verdicts: ['denied'] });

/** What each program tries is in its file; a line `BREACH` in its output is a failure whatever the verdict. */
export const hostilePrograms: readonly HostileProgram[] = [
  // processes and threads
  // They end by themselves, at the limit.
  forks('fork_bomb.js', { limits: { processes: 40, memoryBytes: 1024 * mebibyte } }),
  forks('fork_bomb.py', { limits: { processes: 24 } }),
  forks('fork_bomb_stubborn.py'),
  // Its processes die of each refusal, the first among them at last: without cgroups, nothing counts those.
  forks('fork_bomb.sh', { verdicts: ['process-limit', 'timeout', 'exit'] }),
  // Ends by itself when it is refused.
  forks('thread_bomb.py', { limits: { processes: 24, wallMs: 30_000 } }),
  forks('zombies.py', { verdicts: ['ok', 'process-limit'] }),
  ends('rabbit.py'),
  ends('daemon_double_fork.py'),
  ends('daemon_holds_output.py'),
  ends('daemon_keeps_writing.py', { says: /^x*$/, verdicts: ['ok', 'output-limit'] }),

  // time
  times('sleep_long.py'),
  times('ignore_signals.py'),
  times('stop_self.py'),
  times('close_everything.py'),
  times('exec_forever.sh'),
  times('cpu_hog_many.py', { limits: { wallMs: 8000, cpuMs: 500 } }),
  ends('cpu_priority.py'),

  // signals and exit codes
  ends('kill_everyone.py'),
  ends('kill_group.py', { verdicts: ['signal'] }),
  ends('kill_self.py', { verdicts: ['signal'] }),
  ends('exit_137.py', { verdicts: ['exit'], exitCode: 137 }),
  ends('exit_124.sh', { verdicts: ['exit'], exitCode: 124 }),
  ends('core_dump.py'),

  // memory
  eats('memory_touch.py'),
  eats('memory_shared_map.py'),
  eats('memory_child_only.py', { verdicts: ['memory-limit', 'ok'] }),
  eats('memory_many_children.py'),
  eats('memory_memfd.py', { verdicts: ['memory-limit', 'ok'] }),
  eats('memory_sysv.py', { verdicts: ['memory-limit', 'ok'] }),
  eats('memory_shm_files.py', {
    verdicts: ['disk-limit', 'memory-limit'],
    limits: { memoryBytes: 96 * mebibyte, diskBytes: 16 * mebibyte },
  }),
  eats('memory_bomb.js', { limits: { memoryBytes: 512 * mebibyte } }),
  eats('pipe_memory.py', { verdicts: ['memory-limit', 'ok'] }),
  ends('memory_lock.py'),
  eats('recursion.py', { verdicts: ['signal', 'memory-limit'] }),
  eats('stack_overflow.py', { verdicts: ['signal', 'memory-limit'] }),
  ends('recursion.js', { verdicts: ['exit'], limits: { memoryBytes: 1024 * mebibyte } }),

  // disk
  fills('disk_fill.py'),
  fills('disk_fill_tmp.sh'),
  fills('disk_unlinked.py'),
  ends('disk_allocate.py', { verdicts: ['exit', 'disk-limit'] }),
  fills('inode_fill.py'),
  ends('disk_sparse.py'),
  ends('deep_folders.py'),
  ends('odd_names.py'),
  ends('hard_links.py'),
  ends('link_results.py'),
  ends('terminal_tricks.py'),
  ends('device_nodes.py'),
  ends('toolchain_write.py'),
  ends('plant_state.py', { next: ends('find_state.py') }),

  // output
  floods('flood_stdout.py'),
  floods('flood_stderr.sh'),
  floods('flood_both.py'),
  floods('flood_binary.py'),
  { ...floods('flood.js'), limits: { outputBytes: 200_000, memoryBytes: 1024 * mebibyte } },
  ends('log_injection.py'),
  ends('forged_frames.py', { verdicts: ['exit'], exitCode: 3 }),

  // the host
  ends('read_outside.py'),
  ends('proc_read.py'),
  ends('proc_write.py'),
  ends('sys_tree.py'),
  ends('mounts.py'),
  ends('chroot_out.py'),
  ends('descriptors.py'),
  ends('environment.py', { env: { GIVEN: 'value' } }),
  ends('huge_arguments.py'),
  ends('limits_raise.py'),
  ends('descriptors_exhaust.py'),
  ends('inotify_exhaust.py'),
  ends('signal_queue.py'),

  // the network
  ends('network_loopback.py'),
  ends('network_outside.py'),
  ends('network_lift_loopback.py'),
  ends('socket_families.py'),

  // the kernel and the agent
  ends('privileges.py'),
  ends('set_uid.py'),
  ends('new_namespaces.py'),
  ends('other_namespaces.py'),
  ends('ptrace_agent.py'),
  ends('agent_memory.py'),
  ends('io_uring.py'),
  ends('keyring.py'),
  ends('kernel_calls.py'),
  ends('clock_setting.py'),
  denied('module_load.py'),
  denied('module_remove.py'),
  denied('kexec.py'),
  denied('reboot.py'),
  denied('swap_on.py'),
  denied('wrong_architecture.py'),
  denied('compat_gate.py'),
];
