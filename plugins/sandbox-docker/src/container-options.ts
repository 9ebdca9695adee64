import type { LiveLimits } from '@soulbox/plugin-sdk';
import type { ContainerCreateOptions, MountSettings } from 'dockerode';
import { seccompProfile } from './seccomp-profile.ts';
import type { Settings } from './settings.ts';

/** Whether executions get boxes within the container, or the container is the box of one. */
export type Walls = 'inner' | 'container';

/** Everything about a container that is not the same for all. Nothing else reaches the engine. */
export interface ContainerPlan {
  readonly name: string;
  /** The id of the image, `sha256:…`: no name, which could come to mean another one. */
  readonly imageId: string;
  readonly uid: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly walls: Walls;
  /** Absolute paths of this machine that are seen read-only under the same names. */
  readonly paths: readonly string[];
  /** Of a sandbox that stays: what holds the one inner box that it is for. */
  readonly live?: LiveLimits & {
    /** Whether connections of its programs are caught. */
    readonly gateway: boolean;
  };
  /** Whether the engine confines containers by AppArmor. */
  readonly hasAppArmor: boolean;
}

export const program = '/usr/local/bin/soulbox-agent';
/** Covered in inner boxes, so that only what is executed in the container itself finds the socket. */
const liveFolder = '/run/soulbox';
export const liveSocket = `${liveFolder}/live`;
const openFiles = 4096;
const fewestInodes = 1024;
const blockBytes = 4096;
/** For the mounts that inner boxes cover with their own. */
const coveredBytes = 65_536;
/** For the agent and those that connect to it, beside the one box that stays. */
const liveExtra = { memoryBytes: 64 * 1024 * 1024, processes: 24 };
/** Taken by the kernel before the host, and after what runs within: the agent raises that further. */
const oomScoreAdj = 300;

/** The whole of what the engine is asked for. This is the only place where such options are made. */
export function containerOptions(plan: ContainerPlan, settings: Settings): ContainerCreateOptions {
  const { walls, uid, live } = plan;
  const memoryBytes = live ? live.memoryBytes + liveExtra.memoryBytes : settings.memoryBytes;
  return {
    name: plan.name,
    Image: plan.imageId,
    User: `${uid}:${uid}`,
    Entrypoint: [program],
    Cmd: ['serve', '--fd', '0', '--out-fd', '1', ...modeOptions(plan, settings)],
    Env: [],
    WorkingDir: '/',
    Hostname: 'sandbox',
    Labels: { ...plan.labels },
    Healthcheck: { Test: ['NONE'] },
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: true,
    // The end of the host is the end of the agent's input, and so of the container, unless it is one that stays.
    StdinOnce: true,
    Tty: false,
    NetworkDisabled: true,
    StopSignal: 'SIGKILL',
    HostConfig: {
      AutoRemove: true,
      Privileged: false,
      CapDrop: ['ALL'],
      CapAdd: [],
      SecurityOpt: securityOptions(plan, settings),
      // Inner boxes have a /proc of their own, masked by the agent; the kernel allows it only where this one is whole.
      ...(walls === 'inner' ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
      ReadonlyRootfs: true,
      Tmpfs: disks(plan, settings),
      ShmSize: walls === 'inner' ? coveredBytes : settings.diskBytes,
      Binds: [],
      Mounts: plan.paths.map(shown),
      Devices: [],
      NetworkMode: 'none',
      IpcMode: 'private',
      Memory: memoryBytes,
      MemorySwap: memoryBytes,
      NanoCpus: Math.round(settings.cpus * 1e9),
      PidsLimit: live ? live.processes + liveExtra.processes : settings.processes,
      OomScoreAdj: oomScoreAdj,
      Ulimits: [
        { Name: 'core', Soft: 0, Hard: 0 },
        { Name: 'nofile', Soft: openFiles, Hard: openFiles },
      ],
      Init: false,
      LogConfig: { Type: 'none', Config: {} },
      RestartPolicy: { Name: 'no' },
      PublishAllPorts: false,
      ...(settings.runtime === undefined ? {} : { Runtime: settings.runtime }),
    },
  };
}

function shown(path: string): MountSettings {
  const options = { Propagation: 'rprivate', NonRecursive: true } as const;
  return { Type: 'bind', Source: path, Target: path, ReadOnly: true, BindOptions: options };
}

function modeOptions({ walls, live }: ContainerPlan, { maxRuns }: Settings): string[] {
  if (live) {
    const { memoryBytes, diskBytes, processes } = live;
    const limits = ['--memory', String(memoryBytes), '--disk', String(diskBytes), '--processes', String(processes)];
    return ['--listen', liveSocket, ...limits, ...(live.gateway ? ['--network', 'gateway'] : [])];
  }
  return walls === 'inner' ? ['--max-runs', String(maxRuns)] : ['--boxes', 'container'];
}

function securityOptions({ walls, hasAppArmor, live }: ContainerPlan, { apparmor }: Settings): string[] {
  const profile = seccompProfile({ innerBoxes: walls === 'inner', gateway: live?.gateway ?? false });
  const options = ['no-new-privileges', `seccomp=${profile}`];
  return walls === 'inner' && hasAppArmor ? [...options, `apparmor=${apparmor}`] : options;
}

/** The agent watches the sum where it does not mount one of its own. */
function disks({ walls, uid, live }: ContainerPlan, { diskBytes }: Settings): Record<string, string> {
  const bytes = walls === 'inner' ? coveredBytes : diskBytes;
  const inodes = Math.max(fewestInodes, Math.floor(bytes / blockBytes));
  const common = `rw,exec,nosuid,nodev,size=${bytes},nr_inodes=${inodes},uid=${uid},gid=${uid}`;
  const service = `rw,noexec,nosuid,nodev,size=${coveredBytes},uid=${uid},gid=${uid},mode=0700`;
  return {
    '/home/sandbox': `${common},mode=0755`,
    '/tmp': `${common},mode=1777`,
    ...(live ? { [liveFolder]: service } : {}),
  };
}
